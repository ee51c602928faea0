"""The plan was changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.actions.plan_code import plan_code
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session


@dataclass(frozen=True)
class SetPlan(Action):
    """Another plan, once a person had settled on it.

    Attributes:
        plan: The plan from then on.
    """

    plan: Plan
    kind: ClassVar[str] = "set_plan"

    @property
    def title(self) -> str:
        """See `Action`."""
        return f"planned to prune {self.plan.removes} by {self.plan.criterion}"

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
        return plan_code(self.plan, plan)

    def plan_after(self, plan: Plan) -> Plan:
        """See `Action`."""
        return self.plan

    def perform(self, session: "Session") -> None:
        """See `Action`."""
        session.plan = self.plan
