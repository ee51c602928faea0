"""Batch-norm statistics were estimated again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import checked_whole
from workbench.actions.source import call
from workbench.plan import Plan
from workbench.recalibration import BATCHES

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Recalibrate(Action):
    """Reading a few training batches, so that batch norms know the activations there are now.

    Attributes:
        batches: How many batches of 64 inputs.
        seed: For the choice of inputs.
    """

    batches: int = BATCHES
    seed: int = 0
    kind: ClassVar[str] = "recalibrate"
    makes_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, least in (("batches", 1), ("seed", 0)):
            value = checked_whole(self.kind, name, getattr(self, name), least=least)
            object.__setattr__(self, name, value)

    @property
    def title(self) -> str:
        """See `Action`."""
        return "recalibrated batch norms"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return call("session.recalibrate", **self.changed())

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.recalibrate(batches=self.batches, seed=self.seed)
