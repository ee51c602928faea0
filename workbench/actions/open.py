"""A model and data were opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from workbench.actions.base import Action


@dataclass(frozen=True)
class Open(Action):
    """The first action of every session.

    Attributes:
        name: What the model is called.
    """

    name: str
    kind: ClassVar[str] = "open"

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"opened {self.name}"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {"name": self.name}

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Action`."""
        return cls(**arguments)

    def code(self) -> str:
        """See `Action`."""
        return f"session = Session({self.name!r})"
