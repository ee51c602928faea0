"""One thing that the doctor looked at."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """Something works less well, or not everything does."""

    PROBLEM = "problem"
    """The workbench, or a part that it needs, does not work."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        state: How it is.
        text: What was looked at, and what was found.
        remedy: How to mend it; empty where all is well.
    """

    state: State
    text: str
    remedy: str = ""


def ok(text: str) -> Finding:
    """Nothing to mend."""
    return Finding(State.OK, text)


def warning(text: str, remedy: str) -> Finding:
    """Something works less well."""
    return Finding(State.WARNING, text, remedy)


def problem(text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(State.PROBLEM, text, remedy)
