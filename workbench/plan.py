"""The plan: what a person wants pruned, as an immutable value with a JSON form."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from workbench.errors import PlanError
from workbench.pattern import Pattern

GRANULARITIES = ("channel", "weight", "n:m")
SCOPES = ("local", "global")

_BY_UNIT = ("ratios", "min_ratios", "max_ratios")


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
    pattern: str = "2:4"
    round_to: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("granularity", self.granularity, GRANULARITIES)
        _check_choice("scope", self.scope, SCOPES)
        _check_scope(self.scope, self.granularity)
        _check_ratio("ratio of the plan", self.ratio, "To remove nothing use 0.")
        _check_ratios("ratio", self.ratios, "To leave a layer alone use 0 or plan.lock({!r}).")
        _check_ratio("min_ratio of the plan", self.min_ratio, "To require nothing use 0.")
        _check_ratio("max_ratio of the plan", self.max_ratio, "To allow any use 1.", closed=True)
        _check_ratios("min_ratio", self.min_ratios, "To require nothing of {!r} use 0.")
        _check_ratios("max_ratio", self.max_ratios, "To allow any of {!r} use 1.", closed=True)
        _check_names("locks", self.locks)
        _check_whole("round_to", self.round_to, "Use 1 for no rounding, 8 for most hardware.", 1)
        _check_whole("seed", self.seed, "Use 0, for example.")
        for setting in ("ratio", "min_ratio", "max_ratio"):
            object.__setattr__(self, setting, float(getattr(self, setting)))
        for setting in _BY_UNIT:
            object.__setattr__(self, setting, _in_order(getattr(self, setting)))
        object.__setattr__(self, "pattern", str(Pattern.parse(self.pattern)))
        object.__setattr__(self, "round_to", int(self.round_to))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "locks", frozenset(self.locks))
        self._check_bounds()

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan.from_json, (self.to_json(),)

    def with_(self, **changes: Any) -> "Plan":
        """A plan with other settings.

        Another granularity has other units, so it starts without ratios, bounds and locks of
        their own; and N:M starts with the only scope it has.

        Raises:
            PlanError: If a setting is unknown or out of range.
        """
        known = {entry.name for entry in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise PlanError(
                f"a plan has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}."
            )
        if changes.get("granularity", self.granularity) != self.granularity:
            changes = {setting: {} for setting in _BY_UNIT} | {"locks": frozenset()} | changes
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
        return self.locks.union(self.ratios, self.min_ratios, self.max_ratios)

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


def _check_choice(setting: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise PlanError(f"{setting} of a plan must be one of {', '.join(choices)}; got {value!r}.")


def _check_scope(scope: str, granularity: str) -> None:
    if granularity == "n:m" and scope != "local":
        raise PlanError(
            f"scope of a plan must be 'local' for granularity 'n:m', got {scope!r}: every unit "
            "that is on loses the same share, so there is nothing to rank across units. Leave "
            "scope out, or use granularity 'weight'."
        )


def _check_ratio(what: str, ratio: object, remedy: str, *, closed: bool = False) -> None:
    # NumPy's numbers are welcome; True is 1 to Python, but nobody means a ratio by it.
    number = isinstance(ratio, Real) and not isinstance(ratio, bool)
    if not number or not (0 <= ratio < 1 or (closed and ratio == 1)):  # type: ignore[operator]
        interval = "[0, 1]" if closed else "[0, 1)"
        raise PlanError(f"{what} must be in {interval}, got {ratio!r}. {remedy}")


def _check_ratios(setting: str, ratios: object, remedy: str, *, closed: bool = False) -> None:
    if not isinstance(ratios, Mapping):
        raise PlanError(
            f"{setting}s of a plan must be given by unit name, got {ratios!r}. Use for example "
            "{'conv1': 0.5}."
        )
    _check_names(f"{setting}s", ratios)
    for unit, ratio in ratios.items():
        _check_ratio(f"{setting} of unit {unit!r}", ratio, remedy.format(unit), closed=closed)


def _check_names(setting: str, names: object) -> None:
    # A string would pass as a collection of its letters.
    listed = isinstance(names, Collection) and not isinstance(names, str)
    if not listed or not all(isinstance(name, str) for name in names):  # type: ignore[attr-defined]
        raise PlanError(
            f"{setting} of a plan must hold unit names, got {names!r}. session.units lists them."
        )


def _check_whole(setting: str, value: object, remedy: str, least: int | None = None) -> None:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):  # type: ignore[operator]
        bound = "" if least is None else f" of at least {least}"
        raise PlanError(
            f"{setting} of the plan must be a whole number{bound}, got {value!r}. {remedy}"
        )
