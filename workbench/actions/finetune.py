"""The model was trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.actions.source import call
from workbench.plan import Plan
from workbench.training import FinetuneSettings

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Finetune(Action):
    """Training what is left.

    Attributes:
        settings: How.
    """

    settings: FinetuneSettings
    kind: ClassVar[str] = "finetune"
    makes_step: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """See `Action`."""
        epochs = self.settings.epochs
        return f"fine-tuned {epochs} epoch{'s' if epochs > 1 else ''}"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {"settings": self.settings.to_json()}

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Action`."""
        cls.check_names(arguments)
        return cls(FinetuneSettings.from_json(arguments["settings"]))

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        usual = FinetuneSettings().to_json()
        settings = self.settings.to_json()
        changed = {name: value for name, value in settings.items() if value != usual[name]}
        return call("session.finetune", **{"epochs": self.settings.epochs, **changed})

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.submit_finetune(self.settings).result()
