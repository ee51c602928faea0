"""A step forth again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Redo(Action):
    """Returning to the step that was undone last."""

    kind: ClassVar[str] = "redo"

    @property
    def title(self) -> str:
        """See `Action`."""
        return "returned to the step undone"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return "session.redo()"

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.redo()
