"""Python source of values and calls, laid out as a formatter would."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 88
"""Columns of a line, as most formatters have it."""

_INDENT = 4


@dataclass(frozen=True)
class Name:
    """A variable's name among values."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call to be written down.

    Attributes:
        function: What is called, such as ``"session.prune"`` or ``".lock"``.
        positional: Values given by position.
        keywords: Values given by name.
    """

    function: str
    positional: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()

    def source(self, *, start: int = 0, indent: int = 0) -> str:
        """The call as Python.

        Args:
            start: Column in which its first line begins.
            indent: Column in which its last line begins, if it takes several.
        """
        return _laid_out(*self._parts(), start, indent)

    def line(self) -> str:
        """The call as one line of Python, however long."""
        return _on_one_line(*self._parts())

    def _parts(self) -> "_Parts":
        items = [("", value) for value in self.positional]
        items += [(f"{name}=", value) for name, value in self.keywords]
        return f"{self.function}(", items, ")"


def call(function: str, *positional: Any, **keywords: Any) -> str:
    """A call as Python."""
    return Call(function, positional, tuple(keywords.items())).source()


def assigned(target: str, chain: Sequence[Call]) -> str:
    """``target = first(...).second(...)``; a call to a line where one line does not hold them.

    Args:
        target: What is assigned to.
        chain: At least one call; the functions of all but the first are methods, with the dot.
    """
    line = f"{target} = " + "".join(link.line() for link in chain)
    if len(line) <= WIDTH:
        return line
    if len(chain) == 1:
        return f"{target} = " + chain[0].source(start=len(target) + 3)
    links = [" " * _INDENT + link.source(start=_INDENT, indent=_INDENT) for link in chain]
    return "\n".join([f"{target} = (", *links, ")"])


def literal(value: Any, *, start: int = 0) -> str:
    """A value as Python.

    Args:
        value: Text, a number, None, or lists, tuples and mappings of such. A `Name` stands for
            itself.
        start: Column in which its first line begins.
    """
    parts = _parts_of(value)
    return parts if isinstance(parts, str) else _laid_out(*parts, start, 0)


_Parts = tuple[str, Sequence[tuple[str, Any]], str]
"""Opening bracket, what is in it (each with what stands before it), closing bracket."""


def _parts_of(value: Any) -> str | _Parts:
    match value:
        case Name():
            return value.name
        case str():  # JSON's escapes are Python's
            return json.dumps(value, ensure_ascii=not value.isprintable())
        case Mapping():
            return "{", [(f"{_line(key)}: ", entry) for key, entry in value.items()], "}"
        case tuple():
            return "(", [("", entry) for entry in value], ",)" if len(value) == 1 else ")"
        case list():
            return "[", [("", entry) for entry in value], "]"
        case _:
            return repr(value)


def _line(value: Any) -> str:
    parts = _parts_of(value)
    return parts if isinstance(parts, str) else _on_one_line(*parts)


def _on_one_line(opening: str, items: Sequence[tuple[str, Any]], closing: str) -> str:
    return opening + ", ".join(before + _line(value) for before, value in items) + closing


def _laid_out(
    opening: str, items: Sequence[tuple[str, Any]], closing: str, start: int, indent: int
) -> str:
    line = _on_one_line(opening, items, closing)
    if start + len(line) <= WIDTH or not items:
        return line
    inner = indent + _INDENT
    lines = []
    for before, value in items:
        parts = _parts_of(value)
        # The comma after it takes a column too.
        column = inner + len(before) + 1
        shown = parts if isinstance(parts, str) else _laid_out(*parts, column, inner)
        lines.append(" " * inner + before + shown + ",")
    return "\n".join([opening, *lines, " " * indent + closing.removeprefix(",")])
