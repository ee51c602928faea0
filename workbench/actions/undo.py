"""A step back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Undo(Action):
    """Going back to the parent of the current step."""

    kind: ClassVar[str] = "undo"

    @property
    def title(self) -> str:
        """See `Action`."""
        return "went back a step"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return "session.undo()"

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.undo()
