"""The model was measured again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Measure(Action):
    """Measuring the model as it is, as a step of its own."""

    kind: ClassVar[str] = "measure"
    makes_step: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """See `Action`."""
        return "measured again"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return "session.measure()"

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.measure()
