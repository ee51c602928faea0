"""Another step became the current one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import checked_whole
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Checkout(Action):
    """Going to any step.

    Attributes:
        step_id: Which.
    """

    step_id: int
    kind: ClassVar[str] = "checkout"

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "step_id", checked_whole(self.kind, "step_id", self.step_id, least=0)
        )

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"went to step {self.step_id}"

    def renumbered(self, steps: Mapping[int, int]) -> "Checkout":
        """See `Action`."""
        return Checkout(steps[self.step_id])

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return f"session.checkout({self.step_id})"

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.checkout(self.step_id)
