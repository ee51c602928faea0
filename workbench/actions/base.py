"""What every action has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self


class Action(ABC):
    """One thing a user did, complete enough to be done again. Subclasses are frozen dataclasses.

    Attributes:
        kind: What it is called in files, such as ``"prune"``.
    """

    kind: ClassVar[str]

    @property
    @abstractmethod
    def title(self) -> str:
        """What a person reads in the history: what was done, in a few words."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Plain data that says how it was done."""

    @classmethod
    @abstractmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """The inverse of `arguments`.

        Raises:
            WorkbenchError: If an argument is unknown or out of range.
        """

    @abstractmethod
    def code(self) -> str:
        """Python that does it to an open ``session``."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; `action_from_json` gives an equal action back."""
        return {"action": self.kind, **self.arguments()}
