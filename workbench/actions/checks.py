"""What the arguments of actions may be; every refusal names action, argument, bound and value."""

from collections.abc import Collection
from numbers import Integral
from typing import Any

from workbench.errors import ActionError


def checked_whole(kind: str, name: str, value: object, *, least: int | None = None) -> int:
    """A whole number, of at least `least` if given; anything else is refused."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):  # type: ignore[operator]
        bound = "" if least is None else f" of at least {least}"
        raise _wrong(kind, name, f"a whole number{bound}", value)
    return int(value)  # type: ignore[call-overload, no-any-return]


def check_text(kind: str, name: str, value: object, *, optional: bool = False) -> None:
    """Refuse what is not text, or None where that is allowed."""
    if not isinstance(value, str) and not (optional and value is None):
        raise _wrong(kind, name, "text", value)


def check_flag(kind: str, name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise _wrong(kind, name, "true or false", value)


def checked_names(kind: str, name: str, value: Any) -> tuple[str, ...]:
    """A list of names as a tuple; anything else is refused."""
    if isinstance(value, Collection) and not isinstance(value, str):
        names = tuple(value)
        if all(isinstance(entry, str) for entry in names):
            return names
    raise _wrong(kind, name, "a list of names", value)


def _wrong(kind: str, name: str, constraint: str, value: object) -> ActionError:
    return ActionError(f"{name} of action {kind!r} must be {constraint}, got {value!r}.")
