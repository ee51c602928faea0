"""The plan: what a person wants pruned, as an immutable value with a JSON form."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from workbench.errors import PlanError
from workbench.hand_picks import (
    Picks,
    check_disjoint,
    checked_channels,
    checked_picks,
    with_picks,
    without_picks,
)
from workbench.pattern import Pattern
from workbench.plan_checks import (
    check_choice,
    check_names,
    check_ratio,
    check_ratios,
    check_scope,
    check_whole,
)

GRANULARITIES = ("channel", "weight", "n:m")
SCOPES = ("local", "global")

_BY_UNIT = ("ratios", "min_ratios", "max_ratios")
_PICKS = ("removed_channels", "kept_channels")


@dataclass(frozen=True)
class Plan:
    """Intent: how much of which unit is to be removed, and by what rule.

    Ratios are fractions of the dense model's count, in [0, 1). Every method returns a new plan.

    Attributes:
        granularity: ``"channel"`` removes whole channels, ``"weight"`` single weights, ``"n:m"``
            all but n of every m consecutive weights, where a unit is on or off: a ratio of at
            least half of the pattern's sparsity means on.
        criterion: Name of the criterion that ranks what to remove first.
        scope: ``"local"`` ranks inside each unit; ``"global"`` ranks across all units that have
            no ratio of their own, and `ratio` is the share removed from them together. Under
            ``"n:m"`` every unit that is on loses the same share: only ``"local"`` has a meaning.
        ratio: For every unit without a ratio of its own.
        ratios: Units with a ratio of their own.
        min_ratio, max_ratio: Floor and cap: every unit that is not locked loses at least and at
            most this much, whatever ratio or ranking ask for. 1 is no cap.
        min_ratios, max_ratios: Units with a floor or cap of their own, instead of the plan's.
        locks: Units that are left as they are.
        removed_channels, kept_channels: Channels picked by hand, by unit, counted as in the dense
            model: the first go before all others, the second after all others, whatever the
            criterion says. A lock outranks them.
        pattern: ``"2:4"`` keeps 2 of every 4 weights; for granularity ``"n:m"``.
        round_to: Channel counts are kept multiples of this.
        seed: For criteria that draw random numbers.
    """

    granularity: str = "channel"
    criterion: str = "l1"
    scope: str = "local"
    ratio: float = 0.0
    # A read-only view of a dict has no hash; the other settings are enough for one.
    ratios: Mapping[str, float] = field(default_factory=dict, hash=False)
    min_ratio: float = 0.0
    max_ratio: float = 1.0
    min_ratios: Mapping[str, float] = field(default_factory=dict, hash=False)
    max_ratios: Mapping[str, float] = field(default_factory=dict, hash=False)
    locks: frozenset[str] = frozenset()
    removed_channels: Picks = field(default_factory=dict, hash=False)
    kept_channels: Picks = field(default_factory=dict, hash=False)
    pattern: str = "2:4"
    round_to: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("granularity", self.granularity, GRANULARITIES)
        check_choice("scope", self.scope, SCOPES)
        check_scope(self.scope, self.granularity)
        check_ratio("ratio of the plan", self.ratio, "To remove nothing use 0.")
        check_ratios("ratio", self.ratios, "To leave a layer alone use 0 or plan.lock({!r}).")
        check_ratio("min_ratio of the plan", self.min_ratio, "To require nothing use 0.")
        check_ratio("max_ratio of the plan", self.max_ratio, "To allow any use 1.", closed=True)
        check_ratios("min_ratio", self.min_ratios, "To require nothing of {!r} use 0.")
        check_ratios("max_ratio", self.max_ratios, "To allow any of {!r} use 1.", closed=True)
        check_names("locks", self.locks)
        check_whole("round_to", self.round_to, "Use 1 for no rounding, 8 for most hardware.", 1)
        check_whole("seed", self.seed, "Use 0, for example.")
        for setting in ("ratio", "min_ratio", "max_ratio"):
            object.__setattr__(self, setting, float(getattr(self, setting)))
        for setting in _BY_UNIT:
            object.__setattr__(self, setting, _in_order(getattr(self, setting)))
        self._set_picks()
        object.__setattr__(self, "pattern", str(Pattern.parse(self.pattern)))
        object.__setattr__(self, "round_to", int(self.round_to))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "locks", frozenset(self.locks))
        self._check_bounds()

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan.from_json, (self.to_json(),)

    def with_(self, **changes: Any) -> "Plan":
        """A plan with other settings.

        Another granularity has other units, so it starts without ratios, bounds, locks and
        hand-picked channels of their own; and N:M starts with the only scope it has.

        Raises:
            PlanError: If a setting is unknown or out of range.
        """
        known = {entry.name for entry in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise PlanError(
                f"a plan has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}."
            )
        if changes.get("granularity", self.granularity) != self.granularity:
            changes = (
                {setting: {} for setting in (*_BY_UNIT, *_PICKS)} | {"locks": frozenset()} | changes
            )
            if changes["granularity"] == "n:m":
                changes = {"scope": "local"} | changes
        return dataclasses.replace(self, **changes)

    def with_ratio(self, unit: str, ratio: float) -> "Plan":
        """A plan in which `unit` has this ratio of its own."""
        return self.with_(ratios={**self.ratios, unit: ratio})

    def with_ratios(self, ratios: float | Mapping[str, float]) -> "Plan":
        """A plan with one ratio for all unlocked units, or with these units' own ratios."""
        if isinstance(ratios, Mapping):
            return self.with_(ratios={**self.ratios, **ratios})
        own = {unit: ratio for unit, ratio in self.ratios.items() if unit in self.locks}
        return self.with_(ratio=ratios, ratios=own)

    def without_ratio(self, unit: str) -> "Plan":
        """A plan in which `unit` follows the plan's ratio again."""
        return self.with_(ratios={u: r for u, r in self.ratios.items() if u != unit})

    def with_bounds(
        self, unit: str, *, min_ratio: float | None = None, max_ratio: float | None = None
    ) -> "Plan":
        """A plan in which `unit` has this floor or cap of its own; what is not given stays."""
        floors = {} if min_ratio is None else {unit: min_ratio}
        caps = {} if max_ratio is None else {unit: max_ratio}
        return self.with_(
            min_ratios={**self.min_ratios, **floors}, max_ratios={**self.max_ratios, **caps}
        )

    def without_bounds(self, unit: str) -> "Plan":
        """A plan in which `unit` has the plan's floor and cap again."""
        return self.with_(
            min_ratios={u: r for u, r in self.min_ratios.items() if u != unit},
            max_ratios={u: r for u, r in self.max_ratios.items() if u != unit},
        )

    def lock(self, *units: str) -> "Plan":
        """A plan that leaves these units as they are."""
        return self.with_(locks=self.locks | set(units))

    def unlock(self, *units: str) -> "Plan":
        """A plan in which these units may be pruned again."""
        return self.with_(locks=self.locks - set(units))

    def keep(self, unit: str, channels: int | Collection[int]) -> "Plan":
        """A plan that keeps these channels by hand; what was removed by hand changes sides.

        Raises:
            PlanError: If a channel is not a whole number of at least 0, or the granularity is not
                ``"channel"``.
        """
        return self._picking("kept_channels", "removed_channels", unit, channels)

    def remove(self, unit: str, channels: int | Collection[int]) -> "Plan":
        """A plan that removes these channels by hand; what was kept by hand changes sides.

        Raises:
            PlanError: As for `keep`.
        """
        return self._picking("removed_channels", "kept_channels", unit, channels)

    def release(self, unit: str, channels: int | Collection[int] | None = None) -> "Plan":
        """A plan without hand picks of these channels, or of any channel of the unit."""
        gone = None if channels is None else checked_channels(unit, channels)
        return self.with_(
            **{setting: without_picks(getattr(self, setting), unit, gone) for setting in _PICKS}
        )

    def picks_of(self, unit: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels of a unit that are removed and kept by hand."""
        return self.removed_channels.get(unit, ()), self.kept_channels.get(unit, ())

    def ratio_of(self, unit: str) -> float:
        """What the plan requests for a unit; 0 for a locked one."""
        return 0.0 if unit in self.locks else self.ratios.get(unit, self.ratio)

    def bounds_of(self, unit: str) -> tuple[float, float]:
        """Floor and cap of a unit, locked or not."""
        return (
            self.min_ratios.get(unit, self.min_ratio),
            self.max_ratios.get(unit, self.max_ratio),
        )

    @property
    def named_units(self) -> frozenset[str]:
        """Every unit the plan names."""
        return self.locks.union(*(getattr(self, setting) for setting in (*_BY_UNIT, *_PICKS)))

    @property
    def removes(self) -> str:
        """What the plan removes, in words: ``"channels"``, ``"weights"`` or ``"2:4 weights"``."""
        return f"{self.pattern} weights" if self.granularity == "n:m" else f"{self.granularity}s"

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal plan back."""
        return {
            "granularity": self.granularity,
            "criterion": self.criterion,
            "scope": self.scope,
            "ratio": self.ratio,
            **{setting: dict(getattr(self, setting)) for setting in _BY_UNIT},
            "min_ratio": self.min_ratio,
            "max_ratio": self.max_ratio,
            "locks": sorted(self.locks),
            **{
                setting: {unit: list(channels) for unit, channels in getattr(self, setting).items()}
                for setting in _PICKS
            },
            "pattern": self.pattern,
            "round_to": self.round_to,
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """The inverse of `to_json`.

        Raises:
            PlanError: If a setting is unknown or out of range.
        """
        if not isinstance(data, Mapping):
            raise PlanError(f"a plan's JSON must be an object of settings, got {data!r}.")
        return cls().with_(**data)

    def _picking(self, to: str, other: str, unit: str, channels: int | Collection[int]) -> "Plan":
        picked = checked_channels(unit, channels)
        return self.with_(
            **{
                to: with_picks(getattr(self, to), unit, picked),
                other: without_picks(getattr(self, other), unit, picked),
            }
        )

    def _set_picks(self) -> None:
        for setting in _PICKS:
            picks = getattr(self, setting)
            if isinstance(picks, Mapping):
                check_names(setting, picks)
            object.__setattr__(self, setting, checked_picks(setting, picks))
        check_disjoint(self.removed_channels, self.kept_channels)
        picked = sorted({*self.removed_channels, *self.kept_channels})
        if picked and self.granularity != "channel":
            raise PlanError(
                "granularity of a plan must be 'channel' to keep or remove channels by hand, got "
                f"{self.granularity!r} with picks of unit {picked[0]!r}. Use "
                "plan.with_(granularity='channel') first, or leave the picks out."
            )

    def _check_bounds(self) -> None:
        if self.min_ratio > self.max_ratio:
            raise PlanError(
                f"min_ratio of the plan must be at most its max_ratio of {self.max_ratio}, got "
                f"{self.min_ratio}. Lower the one or raise the other."
            )
        for unit in sorted({*self.min_ratios, *self.max_ratios}):
            floor, cap = self.bounds_of(unit)
            if floor > cap:
                raise PlanError(
                    f"min_ratio of unit {unit!r} must be at most its max_ratio of {cap}, got "
                    f"{floor}. plan.with_bounds({unit!r}, min_ratio=..., max_ratio=...) sets both."
                )


def _in_order(ratios: Mapping[str, float]) -> Mapping[str, float]:
    return MappingProxyType({unit: float(ratios[unit]) for unit in sorted(ratios)})
