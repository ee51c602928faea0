"""Latency is measured on another device, or of more inputs at a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.actions.base import Action
from workbench.actions.source import literal
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session


@dataclass(frozen=True)
class UseDevice(Action):
    """Choosing where latency is measured.

    Attributes:
        device: A word for it, see `workbench.devices.open_device`.
        batch_size: Inputs at a time.
    """

    device: str
    batch_size: int = 1
    kind: ClassVar[str] = "use_device"

    @property
    def title(self) -> str:
        """See `Action`."""
        batch = "" if self.batch_size == 1 else f", batch {self.batch_size}"
        return f"measured on {self.device}{batch}"

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return f"session.use_device({literal(self.device)}, batch_size={self.batch_size})"

    def perform(self, session: "Session") -> Any:
        """See `Action`."""
        return session.use_device(self.device, batch_size=self.batch_size)
