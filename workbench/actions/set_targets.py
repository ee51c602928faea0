"""The targets were changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from workbench.actions.base import Action
from workbench.actions.source import literal
from workbench.plan import Plan
from workbench.targets import checked_targets

if TYPE_CHECKING:
    from workbench.session import Session


@dataclass(frozen=True)
class SetTargets(Action):
    """What is to be reached.

    Attributes:
        targets: By metric, all that hold from then on.
    """

    targets: Mapping[str, float] = field(hash=False)
    kind: ClassVar[str] = "set_targets"

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", checked_targets(self.targets))

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"set targets of {', '.join(self.targets)}" if self.targets else "took targets away"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {"targets": dict(self.targets)}

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        opening = "session.targets = "
        return opening + literal(self.targets, start=len(opening))

    def perform(self, session: "Session") -> None:
        """See `Action`."""
        session.targets = self.targets
