"""What a setting may be: one declaration gives its check, its plain value and its message."""

import dataclasses
import difflib
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol, TypeVar

from workbench.errors import TrainingError

T = TypeVar("T")


class Constraint(Protocol):
    """What values are allowed."""

    @property
    def words(self) -> str:
        """What a value must be, to stand after "must be"."""

    def read(self, value: object) -> Any:
        """The value in its plain Python type.

        Raises:
            ValueError: If it is not allowed.
        """


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int

    @property
    def words(self) -> str:
        """What it must be."""
        return f"a whole number of at least {self.least}"

    def read(self, value: object) -> int:
        """The number as an int."""
        # NumPy's numbers are welcome; True is 1 to Python, but nobody means a count by it.
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise ValueError
        if (number := int(value)) < self.least:
            raise ValueError
        return number


@dataclass(frozen=True)
class Number:
    """A finite number: at least `least` or above `above`, at most `most` or below `below`."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    @property
    def words(self) -> str:
        """What it must be."""
        if self.most is None and self.below is None:
            bound = f"at least {self.least:g}" if self.above is None else f"above {self.above:g}"
            return f"{bound} and finite"
        low = f"[{self.least:g}" if self.above is None else f"({self.above:g}"
        high = f"{self.most:g}]" if self.below is None else f"{self.below:g})"
        return f"in {low}, {high}"

    def read(self, value: object) -> float:
        """The number as a float."""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise ValueError
        number = float(value)
        if not (
            math.isfinite(number)
            and (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.most is None or number <= self.most)
            and (self.below is None or number < self.below)
        ):
            raise ValueError
        return number


@dataclass(frozen=True)
class Optional:
    """None, or what another constraint allows."""

    other: Constraint

    @property
    def words(self) -> str:
        """What it must be."""
        return f"{self.other.words}, or None"

    def read(self, value: object) -> Any:
        """None, or the plain value."""
        return None if value is None else self.other.read(value)


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it must be."""
        return f"one of {', '.join(map(repr, self.names))}"

    def read(self, value: object) -> str:
        """The name."""
        if not isinstance(value, str) or value not in self.names:
            raise ValueError
        return value


@dataclass(frozen=True)
class Switch:
    """On or off."""

    words: str = "True or False"

    def read(self, value: object) -> bool:
        """The switch."""
        if not isinstance(value, bool):
            raise ValueError
        return value


@dataclass(frozen=True)
class Rising:
    """Whole numbers, each above the one before; none at all is fine."""

    least: int

    @property
    def words(self) -> str:
        """What they must be."""
        return f"rising whole numbers of at least {self.least}"

    def read(self, value: object) -> tuple[int, ...]:
        """The numbers as a tuple."""
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise ValueError
        numbers = tuple(Whole(self.least).read(number) for number in value)
        if any(second <= first for first, second in itertools.pairwise(numbers)):
            raise ValueError
        return numbers


def setting(default: T, constraint: Constraint, remedy: str) -> T:
    """A dataclass field with a constraint; `remedy` is the sentence that ends its message."""
    declared: T = dataclasses.field(
        default=default, metadata={"constraint": constraint, "remedy": remedy}
    )
    return declared


def read_settings(settings: Any, of: str) -> None:
    """Check every field that was declared with `setting`, and set it to its plain value.

    Args:
        settings: A dataclass.
        of: What its settings are settings of, for messages.

    Raises:
        TrainingError: Names setting, constraint, value and remedy.
    """
    for entry in dataclasses.fields(settings):
        value, constraint = getattr(settings, entry.name), entry.metadata["constraint"]
        try:
            plain = constraint.read(value)
        except ValueError:
            raise TrainingError(
                f"{entry.name} of {of} must be {constraint.words}, got {value!r}. "
                f"{entry.metadata['remedy']}"
            ) from None
        object.__setattr__(settings, entry.name, plain)


def check_names(settings: type, data: object, of: str) -> None:
    """Refuse what is not a mapping from names of a dataclass's fields.

    Raises:
        TrainingError: Names the nearest name, and all there are.
    """
    if not isinstance(data, Mapping):
        raise TrainingError(
            f"settings of {of} must be given by name, got {data!r}. Use for example {{}} for those "
            "that are usual."
        )
    known = [entry.name for entry in dataclasses.fields(settings)]
    for name in data:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise TrainingError(f"{of} has no setting {name!r}.{hint} It has {', '.join(known)}.")
