"""The weights of an earlier step were taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import checked_whole
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Rewind(Action):
    """Giving what is left the weights it had at an earlier step: a lottery ticket.

    Attributes:
        step_id: Whose weights.
    """

    step_id: int
    kind: ClassVar[str] = "rewind"
    makes_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "step_id", checked_whole(self.kind, "step_id", self.step_id, least=0)
        )

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"rewound the weights to step {self.step_id}"

    def renumbered(self, steps: Mapping[int, int]) -> "Rewind":
        """See `Action`."""
        return Rewind(steps[self.step_id])

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return f"session.rewind({self.step_id})"

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.rewind(self.step_id)
