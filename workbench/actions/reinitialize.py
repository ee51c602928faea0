"""What is left got fresh weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import checked_whole
from workbench.actions.source import call
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Reinitialize(Action):
    """Drawing all weights anew, to train what is left from scratch.

    Attributes:
        seed: For the weights.
    """

    seed: int = 0
    kind: ClassVar[str] = "reinitialize"
    makes_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", checked_whole(self.kind, "seed", self.seed, least=0))

    @property
    def title(self) -> str:
        """See `Action`."""
        return "drew fresh weights"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return call("session.reinitialize", **self.changed())

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.reinitialize(seed=self.seed)
