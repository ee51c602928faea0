"""What a session does about its directory: bring back what was there, and store what changes."""

import weakref
from collections.abc import Callable
from pathlib import Path

from workbench.devices import word_of
from workbench.errors import BusyError, DeviceError, TrainingError, WorkbenchError
from workbench.events import (
    ActionTaken,
    DeviceChanged,
    Event,
    HistoryChanged,
    PlanChanged,
    PointMeasured,
    TargetsChanged,
    TaskEnded,
)
from workbench.plan import Plan
from workbench.session.conditions import Conditions, Selected
from workbench.session.copying import Copying
from workbench.session.history import Step
from workbench.session.knowledge import CHANGES
from workbench.session.measuring import Gauge
from workbench.session.tasks import Task
from workbench.session.training_runs import Interrupted, TrainingRuns
from workbench.session.travels import Travels
from workbench.store.state import State
from workbench.targets import checked_targets

_LET_GO = "it was opened again in this kernel, and is written from there"


class Keeping(Travels):
    """The side of a session that is kept; `Session` sets up what it is kept with."""

    _gauge: Gauge
    _runs: TrainingRuns

    @property
    def directory(self) -> Path | None:
        """Where the session is kept; None in memory."""
        return self._home.path

    @property
    def read_only(self) -> str:
        """Why no step can be made here, in words; empty if one can.

        One session at a time may write to a directory; others can look at every step, try plans,
        scan and export, and store nothing.
        """
        return self._home.read_only

    @property
    def interrupted(self) -> Interrupted | None:
        """Training, alone or in rounds, that was cancelled or whose kernel ended; it can go on."""
        return self._runs.interrupted

    def resume(self) -> Step:
        """Go on with the interrupted fine-tuning, from the step it began at; returns the last step.

        On a CPU its weights become those of a run that was never interrupted, bit for bit. Rounds
        that were to follow, of pruning or of a lottery ticket, follow. What was begun as a control
        goes on where it branched off, as steps like others.

        Raises:
            TrainingError: If there is none, or its state cannot be read.
            ReadOnlyError: If the session is open for reading only.
            BusyError: If a task that commits a step is under way.
        """
        return self.submit_resume().result()

    def submit_resume(self) -> Task[Step]:
        """Queue going on with the interrupted fine-tuning; errors as for `resume`."""
        found = self._interrupted()
        self._home.check_writable("fine-tuning")
        if self.busy:
            raise BusyError(
                "fine-tuning cannot go on while a step is being made. Wait for it, or cancel it "
                "first."
            )
        if self._history.current.id != found.step_id:
            self.checkout(found.step_id)
        work = self._jobs.series(found.left, resume=not found.committed)
        if len(found.left) == 1:
            return self._submit("finetune", "fine-tuning", work)
        return self._submit("rounds", f"the {len(found.left)} steps that are left", work)

    def discard_interrupted(self) -> None:
        """Do not go on with the interrupted fine-tuning; its charts stay. Errors as `resume`."""
        self._interrupted()
        self._home.check_writable("discarding a training run")
        self._runs.discard()
        self.events.emit(HistoryChanged(self._history.current.id))

    def save(self, directory: str | Path) -> Path:
        """Copy the session with all its steps to a new directory; it stays where it is itself.

        Raises:
            StoreError: If the directory is not new or empty, or cannot be written.
        """
        return self.submit_save(directory).result()

    def submit_save(self, directory: str | Path) -> Task[Path]:
        """Queue a copy; a cancelled one leaves nothing behind."""
        copying = Copying(self._home, self._history, self._runs, self._sensing, self._state())
        return self._tasks.submit("save", "saving the session", copying.copy(Path(directory)))

    def _interrupted(self) -> Interrupted:
        if self.interrupted is None:
            raise TrainingError("there is nothing to resume: no fine-tuning was interrupted.")
        return self.interrupted

    def _recall(self, plan: Plan) -> tuple[str, ...]:
        """Take up plan and targets that were stored, else begin with these; returns notes."""
        state, self._plan, self._targets = self._home.state, plan, checked_targets({})
        if state is None:
            return ()
        try:
            self.pruned.check(state.plan)
            self._targets = checked_targets(state.targets)
        except WorkbenchError as error:  # written by another version
            return (f"The stored plan does not fit any more: {error}",)
        self._plan = state.plan
        return ()

    def _recall_device(self, selected: Selected) -> tuple[str, ...]:
        """Take up the device that the stored steps were timed on; returns notes."""
        if (state := self._home.state) is None:
            return ()
        try:
            selected.conditions = Conditions.named(state.device, state.batch_size)
        except DeviceError as error:
            return (
                f"The steps were timed on {state.device!r}, which cannot be used here: {error} New "
                f"latencies are those of {selected.conditions.words}; choose a device to time all "
                "steps on the same.",
            )
        return ()

    def _recall_scan(self) -> tuple[str, ...]:
        """Take up what the last scan found; returns notes."""
        try:
            if (scan := self._home.stored_scan()) is not None:
                self._sensing.take_up(scan)
        except (KeyError, TypeError, ValueError) as error:  # WorkbenchErrors among them
            return (f"The last sensitivity scan is lost: {error}",)
        return ()

    def _keep_up(self) -> None:
        """Store what changes from now on."""
        me = weakref.WeakMethod(self._store)

        def store(event: Event) -> None:
            if (method := me()) is not None:
                method(event)

        self.events.subscribe(store)

    def _store(self, event: Event) -> None:
        match event:
            case PlanChanged() | TargetsChanged() | DeviceChanged():
                self._home.remember(self._state())
            case HistoryChanged():
                self._home.remember(self._state())
                self._home.flush()
            case PointMeasured():
                self._home.remember_scan(self._sensing.to_json)
            case TaskEnded(kind="scan"):
                self._home.remember_scan(self._sensing.to_json)
                self._home.flush()
            case ActionTaken():
                self._home.journal(event)

    def _state(self) -> State:
        history, conditions = self._history, self._gauge.selected.conditions
        names = {step.id: (step.name, step.remark) for step in history if step.name or step.remark}
        return State(
            plan=self._plan,
            targets=self._targets,
            current=history.current.id,
            newest=history.next_id() - 1,
            undone=history.undone,
            names=names,
            device=word_of(conditions.device),
            batch_size=conditions.batch_size,
        )

    def _let_go(self) -> bool:
        """Leave the directory to a session that was opened there after this one."""
        if self._tasks.unfinished(*CHANGES):
            return False
        self._tasks.cancel()
        self._home.close(_LET_GO)
        self.events.emit(HistoryChanged(self._history.current.id))
        return True


def let_go(me: "Callable[[], Keeping | None]") -> bool:
    """Have a session, if it is still there, leave its directory; False if it is at work."""
    session = me()
    return session is None or session._let_go()
