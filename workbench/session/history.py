"""Steps: what was committed, as a tree one can walk back and forth."""

import datetime
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.actions import Action, Finetune, Prune, PruneGradually
from workbench.errors import DamagedError, HistoryError
from workbench.measure.metrics import Metrics
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.selection import UnitResult
from workbench.session.step_models import StepModels, Storage
from workbench.session.step_names import checked_name, checked_remark
from workbench.session.step_table import Row, csv_text, data_frame, step_row
from workbench.store import write_whole
from workbench.training import EpochResult


@dataclass(frozen=True)
class Step:
    """One committed result.

    Attributes:
        id: Counts up from 0, the model as it was opened.
        parent: The step it was made from; None for the first.
        action: What was done to the parent.
        metrics: What was measured; latency and file sizes come in after the commit.
        units: After pruning: request, outcome and reason for every unit.
        epochs: After fine-tuning: the figures of every epoch.
        notes: What could not be measured, and why.
        created: When, as an ISO 8601 string in UTC.
        name: What a person calls it; empty for none.
        remark: What a person wrote down about it.
    """

    id: int
    parent: int | None
    action: Action
    metrics: Metrics
    units: tuple[UnitResult, ...] = ()
    epochs: tuple[EpochResult, ...] = ()
    notes: tuple[str, ...] = ()
    created: str = ""
    name: str = ""
    remark: str = ""

    @property
    def kind(self) -> str:
        """What kind of action it was, such as ``"prune"``."""
        return self.action.kind

    @property
    def title(self) -> str:
        """What a person reads: its name, or else what was done."""
        if self.name:
            return self.name
        asked = self.action.settings.epochs if isinstance(self.action, Finetune) else 0
        if len(self.epochs) < asked:
            return f"fine-tuned {len(self.epochs)} of {asked} epochs"
        return self.action.title

    @property
    def plan(self) -> Plan | None:
        """After pruning: the plan that was carried out."""
        return self.action.plan if isinstance(self.action, Prune | PruneGradually) else None


def now() -> str:
    """The time, as an ISO 8601 string in UTC; for people only, as clocks jump."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


class History:
    """All steps with their models, and which one is current.

    Args:
        model, metrics, action: Of the first step.
        storage: Where steps are kept; None keeps them in memory.
        steps: Steps that were stored before, by id; then the first one is among them.
        damaged: By id, what is wrong with stored steps that cannot be read.
    """

    def __init__(
        self,
        model: PrunedModel,
        metrics: Metrics,
        action: Action,
        storage: Storage | None = None,
        steps: Mapping[int, Step] | None = None,
        damaged: Mapping[int, str] | None = None,
    ) -> None:
        self._steps: dict[int, Step] = dict(steps or {})
        self._damaged = dict(damaged or {})
        self._storage = storage
        self._models = StepModels(storage)
        self._undone: list[int] = []
        self._current = 0
        self._lock = threading.Lock()  # measured on one thread, named on another
        if steps:
            self._models[0] = model
        else:
            self.commit(model, Step(0, None, action, metrics))

    def __iter__(self) -> Iterator[Step]:
        return iter(tuple(self._steps.values()))

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, step_id: int) -> Step:
        """A step by its id.

        Raises:
            HistoryError: If there is none.
            DamagedError: If it is stored, but cannot be read.
        """
        if step_id in self._damaged:
            raise DamagedError(self._damaged[step_id])
        if step_id not in self._steps:
            raise HistoryError(
                f"step must be one of 0 to {self.next_id() - 1}, got {step_id!r}. "
                "session.history lists them all."
            )
        return self._steps[step_id]

    @property
    def current(self) -> Step:
        """The step the session is at."""
        return self._steps[self._current]

    @property
    def model(self) -> PrunedModel:
        """The current step's model."""
        return self._models[self._current]

    def model_of(self, step_id: int) -> PrunedModel:
        """A step's model."""
        return self._models[self[step_id].id]

    def path(self, step_id: int | None = None) -> tuple[Step, ...]:
        """The steps from the first to the current one, or to another; none that is damaged.

        Raises:
            HistoryError: If there is none of that id.
        """
        steps = [self.current if step_id is None else self[step_id]]
        while steps[-1].parent is not None:
            steps.append(self._steps.get(steps[-1].parent, self._steps[0]))
        return tuple(reversed(steps))

    def next_id(self) -> int:
        """The id of the next step to be committed."""
        return max((*self._steps, *self._damaged), default=-1) + 1

    def commit(self, model: PrunedModel, step: Step) -> Step:
        """Add a step and make it current.

        Raises:
            StoreError: If it cannot be stored; the history is as it was before.
        """
        step = replace(step, created=now())
        if self._storage is not None:
            self._storage.write(step, model)
        self._models[step.id] = model
        self._steps[step.id] = step
        self._current = step.id
        self._undone.clear()
        return step

    def measured(self, step_id: int, metrics: Metrics) -> Step:
        """Add what was measured of a step after its commit."""
        return self._measured(self._replace(step_id, metrics=metrics))

    def annotate(self, step_id: int, note: str) -> None:
        """Add a note to a step."""
        with self._lock:
            step = self[step_id]
            self._steps[step_id] = replace(step, notes=(*step.notes, note))
        self._measured(self._steps[step_id])

    def rename(self, step_id: int, name: str | None = None, remark: str | None = None) -> Step:
        """Call a step something, or write something down about it; None leaves it as it is.

        Raises:
            HistoryError: If there is no such step, or the text is too long or holds what no
                name or remark may hold.
        """
        changes: dict[str, str] = {}
        if name is not None:
            changes["name"] = checked_name(name)
        if remark is not None:
            changes["remark"] = checked_remark(remark)
        return self._replace(self[step_id].id, **changes)

    def table(self) -> list[Row]:
        """One row for every step, figures with their units in the names."""
        return [step_row(step, self._current) for step in self]

    def to_dataframe(self) -> Any:
        """The table as a ``pandas.DataFrame``, indexed by step.

        Raises:
            HistoryError: If pandas is not installed.
        """
        return data_frame(self.table())

    def to_csv(self, path: str | Path | None = None) -> str:
        """The table as CSV; also written to a file if a path is given.

        Text that a spreadsheet would run as a formula gets an apostrophe in front.

        Raises:
            ExportError: If the file cannot be written.
        """
        text = csv_text(self.table())
        if path is not None:
            write_whole(Path(path), text.encode())
        return text

    @property
    def can_undo(self) -> bool:
        """Whether the current step has a parent."""
        return self.current.parent is not None

    @property
    def can_redo(self) -> bool:
        """Whether an undone step can be returned to."""
        return bool(self._undone)

    def undo(self) -> Step:
        """Go back to the current step's parent.

        Raises:
            HistoryError: If this is the first step.
            DamagedError: If the parent cannot be read.
        """
        if self.current.parent is None:
            raise HistoryError("nothing to undo: this is the model as it was opened.")
        self.model_of(self.current.parent)
        self._undone.append(self._current)
        self._current = self.current.parent
        return self.current

    def redo(self) -> Step:
        """Return to the step that was undone last.

        Raises:
            HistoryError: If nothing was undone since the last commit.
            DamagedError: If that step cannot be read.
        """
        if not self._undone:
            raise HistoryError("nothing to redo: no step was undone since the last one.")
        self.model_of(self._undone[-1])
        self._current = self._undone.pop()
        return self.current

    def checkout(self, step_id: int) -> Step:
        """Go to any step.

        Raises:
            HistoryError: If there is none of that id.
            DamagedError: If it cannot be read.
        """
        self.model_of(step_id)
        self._current = step_id
        self._undone.clear()
        return self.current

    @property
    def undone(self) -> tuple[int, ...]:
        """Ids of the steps that can be returned to, the next one last."""
        return tuple(self._undone)

    @property
    def damaged(self) -> Mapping[int, str]:
        """By id, what is wrong with stored steps that cannot be read."""
        return MappingProxyType(self._damaged)

    def go_back_to(self, current: int, undone: Sequence[int]) -> None:
        """Be where an earlier kernel was, as far as those steps can be read.

        Raises:
            DamagedError: If they cannot; the history is as it was before.
        """
        self.model_of(current)
        self._current = current
        self._undone = [step_id for step_id in undone if step_id in self._steps]

    def _replace(self, step_id: int, **changes: Any) -> Step:
        with self._lock:
            self._steps[step_id] = replace(self[step_id], **changes)
            return self._steps[step_id]

    def _measured(self, step: Step) -> Step:
        if self._storage is not None:
            self._storage.measured(step)
        return step
