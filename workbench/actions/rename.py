"""A step got a name or a remark."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from workbench.actions.base import Action
from workbench.actions.checks import check_text, checked_whole
from workbench.actions.source import Call
from workbench.plan import Plan

if TYPE_CHECKING:
    from workbench.session import Session, Step


@dataclass(frozen=True)
class Rename(Action):
    """Calling a step something, or writing something down about it.

    Attributes:
        step_id: Which.
        name: What it is called; "" takes a name away, None leaves it.
        remark: What is written down; likewise.
    """

    step_id: int
    name: str | None = None
    remark: str | None = None
    kind: ClassVar[str] = "rename"

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "step_id", checked_whole(self.kind, "step_id", self.step_id, least=0)
        )
        for field in ("name", "remark"):
            check_text(self.kind, field, getattr(self, field), optional=True)

    @property
    def title(self) -> str:
        """See `Action`."""
        if self.name is not None:
            return f"called step {self.step_id} {self.name!r}"
        return f"wrote a remark on step {self.step_id}"

    def renumbered(self, steps: Mapping[int, int]) -> Self:
        """See `Action`."""
        return replace(self, step_id=steps[self.step_id])

    def code(self, plan: Plan | None = None) -> str:
        """See `Action`."""
        words = {name: text for name, text in self.changed().items() if name != "step_id"}
        return Call("session.rename", (self.step_id,), tuple(words.items())).source()

    def perform(self, session: "Session") -> "Step":
        """See `Action`."""
        return session.rename(self.step_id, name=self.name, remark=self.remark)
