"""How many of a unit may be kept: floors, caps and whole multiples, in counts."""

import functools
import math
from dataclasses import dataclass

from workbench.hand_picks import NO_PICKS, Picked
from workbench.plan import Plan
from workbench.units import Unit

LEAST_KEPT = 1
"""No unit is ever emptied: a layer without channels or weights computes nothing."""

_SLACK = 1e-6
"""Of one channel or weight: 0.29 of 100 is a little less than 29 to a computer."""


@dataclass(frozen=True)
class Limits:
    """Bounds on how many of a unit are kept.

    Attributes:
        size: How many the dense model has.
        fewest, most: Bounds of the count. Where none lies between them, `fewest` holds: a cap
            outranks a floor, and what is kept by hand outranks what is removed by hand.
        step: Counts are kept multiples of this, but for the whole unit.
        floor, cap: The ratios the bounds come from.
        picked: The hand picks they come from.
    """

    size: int
    fewest: int
    most: int
    step: int
    floor: float
    cap: float
    picked: Picked = NO_PICKS

    @classmethod
    def of(cls, unit: Unit, plan: Plan, picked: Picked = NO_PICKS) -> "Limits":
        """A plan's limits on a unit, of whose channels some were picked by hand."""
        return cls._of(unit, plan.bounds_of(unit.name), plan.round_to, picked)

    @classmethod
    @functools.lru_cache(maxsize=4096)  # while one slider moves, those of all others stay
    def _of(
        cls, unit: Unit, bounds: tuple[float, float], round_to: int, picked: Picked
    ) -> "Limits":
        floor, cap = bounds
        capped = unit.size - math.floor(cap * unit.size + _SLACK)
        fewest = max(LEAST_KEPT, capped, len(picked.kept))
        most = unit.size - math.ceil(floor * unit.size - _SLACK)
        if picked.removed:
            most = min(most, picked.left - len(picked.removed))
        step = min(round_to, unit.size) if unit.granularity == "channel" else 1
        return cls(unit.size, fewest, max(fewest, most), step, floor, cap, picked)

    def nearest(self, wanted: int) -> int:
        """The allowed count closest to the one wanted; the cap outranks multiples and floor."""
        within = min(max(wanted, self.fewest), self.most)
        if within == self.size:
            return within
        rounded = self.step * round(within / self.step)
        if rounded > self.most:
            rounded = self.size if self.most == self.size else self.step * (self.most // self.step)
        if rounded < self.fewest:
            rounded = self.step * -(-self.fewest // self.step)
        return min(rounded, self.size)

    def why(self, wanted: int, got: int, round_to: int) -> str:
        """Why a unit keeps `got` where `wanted` was asked for; empty if it keeps that."""
        if staying := self.why_staying(got, round_to):
            return staying
        if got == wanted:
            return ""
        reasons = [self.why_bounded(wanted)]
        if self.step > 1 and got != min(max(wanted, self.fewest), self.most):
            reasons.append(self._why_rounded(round_to))
        return ", ".join(filter(None, reasons)) or _AT_LEAST_ONE

    def why_staying(self, got: int, round_to: int) -> str:
        """Why some channels that a person removes are among the `got` that are kept, or empty."""
        removed = len(self.picked.removed)
        if not (staying := self.picked.staying(got)):
            return ""
        bounded = self.fewest > self.picked.left - removed
        why = (self.why_fewest() or _AT_LEAST_ONE) if bounded else self._why_rounded(round_to)
        return f"{staying} of {by_hand(removed, 'removed')} stay: {why}"

    def why_bounded(self, wanted: int) -> str:
        """Which bound a count goes beyond, in words; empty if none."""
        if wanted < self.fewest:
            return self.why_fewest()
        return self.why_most() if wanted > self.most else ""

    def why_fewest(self) -> str:
        """What sets the lower bound, in words; empty if it is only that one is kept."""
        if self.picked.kept and self.fewest == len(self.picked.kept):
            return by_hand(self.fewest, "kept")
        return at_most(self.cap) if self.cap < 1 else ""

    def why_most(self) -> str:
        """What sets the upper bound, in words; empty if it is only the size."""
        removed = len(self.picked.removed)
        if removed and self.most == self.picked.left - removed:
            return by_hand(removed, "removed")
        return at_least(self.floor) if self.floor > 0 else ""

    def _why_rounded(self, round_to: int) -> str:
        if self.step < round_to:
            return f"it has fewer than {round_to}, to which counts are rounded"
        return f"rounded to a multiple of {self.step}"


_AT_LEAST_ONE = "at least one is kept"


def by_hand(count: int, verb: str) -> str:
    """Hand picks in words: "2 removed by hand"."""
    return f"{count} {verb} by hand"


def at_most(cap: float) -> str:
    """A cap in words."""
    return f"at most {100 * cap:g} % of it may go"


def at_least(floor: float) -> str:
    """A floor in words."""
    return f"at least {100 * floor:g} % of it must go"
