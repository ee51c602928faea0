"""The model was trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.training import FinetuneSettings


@dataclass(frozen=True)
class Finetune(Action):
    """Training what is left.

    Attributes:
        settings: How.
    """

    settings: FinetuneSettings
    kind: ClassVar[str] = "finetune"

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
        return cls(FinetuneSettings.from_json(arguments["settings"]))

    def code(self) -> str:
        """See `Action`."""
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.to_json().items())
        return f"session.finetune({settings})"
