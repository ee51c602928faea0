"""Sensitivity was scanned."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.actions.base import Action
from workbench.actions.checks import check_text, checked_names, checked_whole
from workbench.actions.source import call
from workbench.plan import Plan
from workbench.sensitivity.targets import RATIOS, checked_ratios

if TYPE_CHECKING:
    from workbench.sensitivity import Sensitivity
    from workbench.session import Session


@dataclass(frozen=True)
class ScanSensitivity(Action):
    """Measuring what pruning each unit alone costs; workers make no difference to it.

    Attributes:
        mode: ``"exact"`` or ``"adaptive"``.
        ratios: Fractions of the dense model's count, in (0, 1).
        units: Units to scan; None for all that can be pruned.
        recalibrate: Whether batch-norm statistics are estimated again before every measurement,
            and on how many batches of 64 training inputs (True: 8).
    """

    mode: str = "exact"
    ratios: tuple[float, ...] = RATIOS
    units: tuple[str, ...] | None = None
    recalibrate: bool | int = False
    kind: ClassVar[str] = "scan_sensitivity"

    def __post_init__(self) -> None:
        check_text(self.kind, "mode", self.mode)
        if not isinstance(self.recalibrate, bool):
            batches = checked_whole(self.kind, "recalibrate", self.recalibrate, least=1)
            object.__setattr__(self, "recalibrate", batches)
        given: Iterable[object] = (
            self.ratios if isinstance(self.ratios, Iterable) else [self.ratios]
        )
        object.__setattr__(self, "ratios", checked_ratios(given))
        if self.units is not None:
            object.__setattr__(self, "units", checked_names(self.kind, "units", self.units))

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"scanned sensitivity ({self.mode})"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        units = None if self.units is None else list(self.units)
        return {**super().arguments(), "ratios": list(self.ratios), "units": units}

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        return call("session.scan_sensitivity", **self.changed())

    def perform(self, session: "Session") -> "Sensitivity":
        """See `Action`."""
        return session.scan_sensitivity(
            mode=self.mode, ratios=self.ratios, units=self.units, recalibrate=self.recalibrate
        )
