"""A plan was carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.plan import Plan


@dataclass(frozen=True)
class Prune(Action):
    """Removing what a plan says.

    Attributes:
        plan: The plan as it was then.
    """

    plan: Plan
    kind: ClassVar[str] = "prune"

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"pruned {self.plan.removes} by {self.plan.criterion}"

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {"plan": self.plan.to_json()}

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Action`."""
        return cls(Plan.from_json(arguments["plan"]))

    def code(self) -> str:
        """See `Action`."""
        return f"session.plan = Plan.from_json({self.plan.to_json()!r})\nsession.prune()"
