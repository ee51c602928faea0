"""A plan was carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.actions.plan_code import plan_code
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Prune(Action):
    """Removing what a plan says.

    Attributes:
        plan: The plan as it was then.
    """

    plan: Plan
    kind: ClassVar[str] = "prune"
    makes_step: ClassVar[bool] = True

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
        cls.check_names(arguments)
        return cls(Plan.from_json(arguments["plan"]))

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        known = plan == self.plan
        return ("" if known else f"{plan_code(self.plan, plan)}\n") + "session.prune()"

    def plan_after(self, plan: Plan) -> Plan:
        """See `Action`."""
        return self.plan

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        session.plan = self.plan
        return session.prune()
