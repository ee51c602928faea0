"""What came out of a recipe, to tell whether a replay came out the same."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from workbench.digests import digest_of_tensors
from workbench.errors import RecipeError

if TYPE_CHECKING:
    from workbench.session import History


@dataclass(frozen=True)
class Difference:
    """A figure that did not come out as expected.

    Attributes:
        figure: A field of `Outcome`.
        expected: What the recipe says.
        found: What came out.
    """

    figure: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.figure}: expected {self.expected}, got {self.found}"


@dataclass(frozen=True)
class Outcome:
    """Figures of the last step of a recipe; None for what is not known.

    Attributes:
        opened: Fingerprint of the weights of the model as it was opened.
        weights: Fingerprint of the last model's weights: the same only if every bit is.
        parameters: Number of parameters.
        macs: Multiply-adds for one input.
        accuracy: On the test data, in [0, 1].
    """

    opened: str | None = None
    weights: str | None = None
    parameters: int | None = None
    macs: int | None = None
    accuracy: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not _sound(field.name, value):
                kind = "text" if field.name in ("opened", "weights") else "a number of at least 0"
                raise RecipeError(f"{field.name} must be {kind}, got {value!r}.")

    def differences(self, found: "Outcome") -> tuple[Difference, ...]:
        """Where another outcome is not what this one says; what is not known does not count."""
        pairs = ((f.name, getattr(self, f.name), getattr(found, f.name)) for f in fields(self))
        return tuple(
            Difference(name, ours, theirs)
            for name, ours, theirs in pairs
            if ours is not None and ours != theirs
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data of what is known."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value is not None}

    @classmethod
    def from_json(cls, data: object) -> "Outcome":
        """The inverse of `to_json`.

        Raises:
            RecipeError: If a figure is unknown or of the wrong type.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(data, Mapping) or (set(data) - set(names)):
            raise RecipeError(
                f"what is expected must be given by figure ({', '.join(names)}), got {data!r}."
            )
        return cls(**data)


def outcome_of(history: "History", step_id: int) -> Outcome:
    """What came out at a step."""
    metrics = history[step_id].metrics
    return Outcome(
        opened=digest_of_tensors(history.model_of(0).module.state_dict()),
        weights=digest_of_tensors(history.model_of(step_id).module.state_dict()),
        parameters=metrics.parameters,
        macs=metrics.macs,
        accuracy=metrics.accuracy,
    )


def _sound(name: str, value: object) -> bool:
    if name in ("opened", "weights"):
        return isinstance(value, str)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0  # type: ignore[arg-type, operator]
