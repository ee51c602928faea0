"""How many of a unit may be kept: floors, caps and whole multiples, in counts."""

import math
from dataclasses import dataclass

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
        fewest, most: Bounds of the count. Where no whole count lies between floor and cap, the
            cap holds.
        step: Counts are kept multiples of this, but for the whole unit.
        floor, cap: The ratios the bounds come from.
    """

    size: int
    fewest: int
    most: int
    step: int
    floor: float
    cap: float

    @classmethod
    def of(cls, unit: Unit, plan: Plan) -> "Limits":
        """A plan's limits on a unit."""
        floor, cap = plan.bounds_of(unit.name)
        fewest = max(LEAST_KEPT, unit.size - math.floor(cap * unit.size + _SLACK))
        most = max(fewest, unit.size - math.ceil(floor * unit.size - _SLACK))
        step = min(plan.round_to, unit.size) if unit.granularity == "channel" else 1
        return cls(unit.size, fewest, most, step, floor, cap)

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
        if got == wanted:
            return ""
        reasons = [self.why_bounded(wanted)]
        if self.step > 1 and got != min(max(wanted, self.fewest), self.most):
            reasons.append(
                f"it has fewer than {round_to}, to which counts are rounded"
                if self.step < round_to
                else f"rounded to a multiple of {self.step}"
            )
        return ", ".join(filter(None, reasons)) or "at least one is kept"

    def why_bounded(self, wanted: int) -> str:
        """Which bound a count goes beyond, in words; empty if none."""
        if wanted < self.fewest and self.cap < 1:
            return at_most(self.cap)
        return at_least(self.floor) if wanted > self.most else ""


def at_most(cap: float) -> str:
    """A cap in words."""
    return f"at most {100 * cap:g} % of it may go"


def at_least(floor: float) -> str:
    """A floor in words."""
    return f"at least {100 * floor:g} % of it must go"
