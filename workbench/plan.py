"""The plan: what a person wants pruned, as an immutable value with a JSON form."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from workbench.errors import PlanError

GRANULARITIES = ("channel", "weight")
SCOPES = ("local", "global")


@dataclass(frozen=True)
class Plan:
    """Intent: how much of which unit is to be removed, and by what rule.

    Ratios are fractions of the dense model's count, in [0, 1). Every method returns a new plan.

    Attributes:
        granularity: ``"channel"`` removes whole channels, ``"weight"`` single weights.
        criterion: Name of the criterion that ranks what to remove first.
        scope: ``"local"`` ranks inside each unit; ``"global"`` ranks across all units that have
            no ratio of their own, and `ratio` is the share removed from them together.
        ratio: For every unit without a ratio of its own.
        ratios: Units with a ratio of their own.
        locks: Units that are left as they are.
        round_to: Channel counts are kept multiples of this.
        seed: For criteria that draw random numbers.
    """

    granularity: str = "channel"
    criterion: str = "l1"
    scope: str = "local"
    ratio: float = 0.0
    # A read-only view of a dict has no hash; the other settings are enough for one.
    ratios: Mapping[str, float] = field(default_factory=dict, hash=False)
    locks: frozenset[str] = frozenset()
    round_to: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("granularity", self.granularity, GRANULARITIES)
        _check_choice("scope", self.scope, SCOPES)
        _check_ratio("ratio of the plan", self.ratio, "To remove nothing use 0.")
        _check_ratios(self.ratios)
        _check_names("locks", self.locks)
        _check_whole("round_to", self.round_to, "Use 1 for no rounding, 8 for most hardware.", 1)
        _check_whole("seed", self.seed, "Use 0, for example.")
        ordered = {unit: float(self.ratios[unit]) for unit in sorted(self.ratios)}
        object.__setattr__(self, "ratio", float(self.ratio))
        object.__setattr__(self, "round_to", int(self.round_to))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "ratios", MappingProxyType(ordered))
        object.__setattr__(self, "locks", frozenset(self.locks))

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan.from_json, (self.to_json(),)

    def with_(self, **changes: Any) -> "Plan":
        """A plan with other settings.

        Another granularity has other units, so it starts without ratios and locks of their own.

        Raises:
            PlanError: If a setting is unknown or out of range.
        """
        known = {entry.name for entry in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise PlanError(
                f"a plan has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}."
            )
        if changes.get("granularity", self.granularity) != self.granularity:
            changes = {"ratios": {}, "locks": frozenset()} | changes
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

    def lock(self, *units: str) -> "Plan":
        """A plan that leaves these units as they are."""
        return self.with_(locks=self.locks | set(units))

    def unlock(self, *units: str) -> "Plan":
        """A plan in which these units may be pruned again."""
        return self.with_(locks=self.locks - set(units))

    def ratio_of(self, unit: str) -> float:
        """What the plan requests for a unit; 0 for a locked one."""
        return 0.0 if unit in self.locks else self.ratios.get(unit, self.ratio)

    @property
    def named_units(self) -> frozenset[str]:
        """Every unit the plan names."""
        return frozenset(self.ratios) | self.locks

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal plan back."""
        return {
            "granularity": self.granularity,
            "criterion": self.criterion,
            "scope": self.scope,
            "ratio": self.ratio,
            "ratios": dict(self.ratios),
            "locks": sorted(self.locks),
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


def _check_choice(setting: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise PlanError(f"{setting} of a plan must be one of {', '.join(choices)}; got {value!r}.")


def _check_ratio(what: str, ratio: object, remedy: str) -> None:
    # NumPy's numbers are welcome; True is 1 to Python, but nobody means a ratio by it.
    number = isinstance(ratio, Real) and not isinstance(ratio, bool)
    if not number or not 0 <= ratio < 1:  # type: ignore[operator]
        raise PlanError(f"{what} must be in [0, 1), got {ratio!r}. {remedy}")


def _check_ratios(ratios: object) -> None:
    if not isinstance(ratios, Mapping):
        raise PlanError(
            f"ratios of a plan must be given by unit name, got {ratios!r}. Use for example "
            "{'conv1': 0.5}."
        )
    _check_names("ratios", ratios)
    for unit, ratio in ratios.items():
        remedy = f"To leave a layer alone use 0 or plan.lock({unit!r})."
        _check_ratio(f"ratio of unit {unit!r}", ratio, remedy)


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
