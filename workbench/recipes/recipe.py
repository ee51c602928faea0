"""The recipe: how a model was opened, and every step from there to the current one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from workbench.actions import Action, Open, Rename, SetPlan, SetTargets, script_of
from workbench.errors import InternalError
from workbench.plan import Plan
from workbench.progress import SILENT, Monitor
from workbench.recipes.outcome import Difference, Outcome, outcome_of
from workbench.recipes.versions import versions
from workbench.recipes.yaml_text import yaml_text
from workbench.store import write_whole

if TYPE_CHECKING:
    from workbench.session import Session, Step
    from workbench.session.aims import Aims

FORMAT_VERSION = 1

_HEAD = "# A recipe of the pruning workbench; `pruning-workbench run FILE` replays it.\n"


@dataclass(frozen=True)
class Entry:
    """One step of a recipe.

    Attributes:
        action: What is done. If it names a step, that is a place in the recipe, from 0.
        name: What a person calls the step; empty for none.
        remark: What a person wrote down about it.
    """

    action: Action
    name: str = ""
    remark: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        words = {"name": self.name, "remark": self.remark}
        data = self.action.to_json() | {key: text for key, text in words.items() if text}
        return {key: _plan_data(part) if key == "plan" else part for key, part in data.items()}


@dataclass(frozen=True)
class Recipe:
    """What was done, complete enough to be done again.

    Attributes:
        entries: Opening, and every step on the way; nothing that was undone or lies on another
            branch.
        plan: The plan in the end; None if it is the one that was carried out last.
        targets: What was to be reached, by metric.
        export: Formats that the last model is to be written in.
        made_with: Versions and machine, by name; they may explain why a replay differs.
        expected: What came out.
    """

    entries: tuple[Entry, ...]
    plan: Plan | None = None
    targets: Mapping[str, float] = field(default_factory=dict, hash=False)
    export: tuple[str, ...] = ()
    made_with: Mapping[str, str] = field(default_factory=dict, hash=False)
    expected: Outcome = field(default_factory=Outcome)

    def __post_init__(self) -> None:
        for name in ("targets", "made_with"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def opening(self) -> Open:
        """How the model and the data are opened."""
        action = self.entries[0].action
        if not isinstance(action, Open):
            raise InternalError(f"a recipe begins with opening a model, got {action!r}")
        return action

    def plans(self) -> tuple[Plan, ...]:
        """The plan after every entry."""
        plans = [Plan(seed=self.opening.seed)]
        for entry in self.entries[1:]:
            plans.append(entry.action.plan_after(plans[-1]))
        return tuple(plans)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        parts: dict[str, Any] = {
            "plan": None if self.plan is None else _plan_data(self.plan.to_json()),
            "targets": dict(self.targets),
            "export": list(self.export),
            "made_with": dict(self.made_with),
            "expected": self.expected.to_json(),
        }
        return {
            "format_version": FORMAT_VERSION,
            "steps": [entry.to_json() for entry in self.entries],
            **{name: part for name, part in parts.items() if part},
        }

    def to_yaml(self) -> str:
        """The recipe as a file holds it."""
        return _HEAD + yaml_text(self.to_json())

    def write(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all.

        Raises:
            ExportError: If that cannot be written.
        """
        write_whole(Path(path), self.to_yaml().encode())

    @classmethod
    def of(
        cls, session: "Aims", step_id: int | None = None, export: tuple[str, ...] = ()
    ) -> "Recipe":
        """The recipe of one of a session's steps; see `Session.recipe`."""
        path = session.history.path(step_id)
        current = path[-1] == session.history.current
        recipe = cls(
            entries_of(path),
            targets=session.targets if current else {},
            export=export,
            made_with=versions(),
            expected=outcome_of(session.history, path[-1].id),
        )
        planned = current and session.plan != recipe.plans()[-1]
        return replace(recipe, plan=session.plan) if planned else recipe

    def last_code(self) -> str:
        """Python of the last entry alone, for a session that is at the one before it."""
        before = self.plans()[-2] if len(self.entries) > 1 else None
        return self.entries[-1].action.code(before)

    def replay(
        self,
        *,
        directory: str | Path | None = None,
        model: nn.Module | None = None,
        data: Any = None,
        example_input: Tensor | None = None,
        monitor: Monitor = SILENT,
    ) -> "Session":
        """Open the same again, and do all steps; returns the session, which is the caller's.

        Args:
            directory: Where the session is kept on disk; nowhere by default.
            model: Your own module, where the recipe was made with one: dense, as it was then.
            data: Your own data, likewise.
            example_input: An input batch, likewise.
            monitor: Told of progress, and may cancel.

        Raises:
            RecipeError: If something is missing, or a step cannot be done here; names it.
            Cancelled: If the monitor says so.
        """
        from workbench.recipes.replay import replay  # noqa: PLC0415 - sessions make recipes

        return replay(
            self,
            directory=directory,
            model=model,
            data=data,
            example_input=example_input,
            monitor=monitor,
        )

    def differences(self, session: "Session") -> tuple[Difference, ...]:
        """Where a session that replayed this recipe came out otherwise than expected."""
        return self.expected.differences(outcome_of(session.history, session.history.current.id))

    def script(self) -> str:
        """The same as Python that runs on its own."""
        return script_of(self.actions())

    def actions(self) -> tuple[Action, ...]:
        """Everything that a replay does, in order."""
        found: list[Action] = []
        for place, entry in enumerate(self.entries):
            found.append(entry.action)
            if entry.name or entry.remark:
                found.append(Rename(place, entry.name, entry.remark))
        if self.plan is not None:
            found.append(SetPlan(self.plan))
        if self.targets:
            found.append(SetTargets(self.targets))
        return tuple(found)


def entries_of(path: "Sequence[Step]") -> tuple[Entry, ...]:
    """Steps from the first on, each the parent of the next, as entries of a recipe."""
    places = {step.id: place for place, step in enumerate(path)}
    return tuple(Entry(s.action.renumbered(places), s.name, s.remark) for s in path)


def _plan_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's plain data without what it says of no unit at all."""
    return {name: value for name, value in data.items() if value not in ({}, [])}
