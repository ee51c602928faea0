"""A plan was carried out little by little while the model trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workbench.actions.base import Action
from workbench.actions.plan_code import plan_code
from workbench.actions.source import Call, Name
from workbench.gradual import GradualSettings
from workbench.plan import Plan
from workbench.training import FinetuneSettings

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class PruneGradually(Action):
    """Pruning during training.

    Attributes:
        plan: What is removed in the end.
        settings: How the model is trained.
        gradual: How ratios rise.
    """

    plan: Plan
    settings: FinetuneSettings = field(default_factory=FinetuneSettings)
    gradual: GradualSettings = field(default_factory=GradualSettings)
    kind: ClassVar[str] = "prune_gradually"
    makes_step: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """See `Action`."""
        epochs = self.settings.epochs
        return (
            f"pruned {self.plan.removes} by {self.plan.criterion} over {epochs} "
            f"epoch{'s' if epochs > 1 else ''}"
        )

    def arguments(self) -> dict[str, Any]:
        """See `Action`."""
        return {
            "plan": self.plan.to_json(),
            "settings": self.settings.to_json(),
            "gradual": self.gradual.to_json(),
        }

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Action`."""
        cls.check_names(arguments)
        return cls(
            Plan.from_json(arguments["plan"]),
            FinetuneSettings.from_json(arguments.get("settings", {})),
            GradualSettings.from_json(arguments.get("gradual", {})),
        )

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        usual, gradual = FinetuneSettings().to_json(), GradualSettings().to_json()
        settings = {"epochs": self.settings.epochs} | {
            name: value for name, value in self.settings.to_json().items() if value != usual[name]
        }
        changed = {n: value for n, value in self.gradual.to_json().items() if value != gradual[n]}
        if changed:
            made = Call("GradualSettings", (), tuple(changed.items())).line()
            settings = {"gradual": Name(made), **settings}
        called = Call("session.prune_gradually", (), tuple(settings.items())).source()
        return called if plan == self.plan else f"{plan_code(self.plan, plan)}\n{called}"

    def plan_after(self, plan: Plan) -> Plan:
        """See `Action`."""
        return self.plan

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        session.plan = self.plan
        return session.submit_prune_gradually(self.settings, self.gradual).result()
