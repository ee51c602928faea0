"""Training runs as they are kept: their curves, and the state in which a stopped one goes on."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from workbench.actions import InSeries, Training, action_from_json
from workbench.errors import DamagedError, ReadOnlyError, StoreError, TrainingError
from workbench.events import EpochTrained, Event, TaskEnded, TrainingEnded, TrainingStarted
from workbench.session.history import History
from workbench.session.home import Home
from workbench.session.training_log import TRAINS, TrainingLog, TrainingRun
from workbench.store.runs import RunFiles
from workbench.training import FinetuneSettings, TrainingState

INTERRUPTED = "interrupted"
"""Outcome of a run whose kernel ended before it did."""


@dataclass(frozen=True)
class Interrupted:
    """Training that was stopped before its end, and can go on.

    Attributes:
        action: The run that was stopped, or the last of a series that was stopped between two.
        epoch: Epochs that are done of the next training, and not lost.
        step_id: The step to go on from.
        then: What is to follow in the same series, such as the rounds that are left.
        committed: Whether the run itself is a step already, and only `then` is left.
    """

    action: Training
    epoch: int
    step_id: int
    then: tuple[InSeries, ...] = ()
    committed: bool = False

    @property
    def left(self) -> tuple[InSeries, ...]:
        """All that is still to be done."""
        return self.then if self.committed else (self.action, *self.then)

    @property
    def settings(self) -> FinetuneSettings:
        """How it trains."""
        return self.action.settings

    @property
    def epochs(self) -> int:
        """How many epochs it was to take."""
        return self.settings.epochs


@dataclass(frozen=True)
class _Begun:
    """What a run is of: an action on a step, to be committed as `next_id` or later; then others."""

    action: Training
    step_id: int
    next_id: int
    then: tuple[InSeries, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "action": self.action.to_json(),
            "step_id": self.step_id,
            "next_id": self.next_id,
            "then": [action.to_json() for action in self.then],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "_Begun":
        action = action_from_json(data["action"])
        if not isinstance(action, Training):
            raise DamagedError(f"a training run cannot be of action {action.kind!r}.")
        then = []
        for entry in data.get("then", ()):  # earlier versions remembered the run alone
            if not isinstance(following := action_from_json(entry), InSeries):
                raise DamagedError(f"no series of steps has action {following.kind!r}.")
            then.append(following)
        return cls(action, data["step_id"], data["next_id"], tuple(then))

    def left(self, history: History) -> tuple[int, tuple[InSeries, ...]]:
        """The step to go on from, and what no step has come of yet."""
        here, left = self.step_id, (self.action, *self.then)
        for step in history:
            done = step.id >= self.next_id and step.parent == here and left[:1] == (step.action,)
            if done:
                here, left = step.id, left[1:]
        return here, left


class TrainingRuns:
    """Listens to a session's events, after its log; only the engine thread writes.

    Args:
        log: Knows the curves.
        home: Where they are kept.
        history: Knows which runs led to a step.
    """

    def __init__(self, log: TrainingLog, home: Home, history: History) -> None:
        self._log, self._home, self._history = log, home, history
        self._next: _Begun | None = None
        self._now: _Begun | None = None
        self._running = False
        self._stopped: _Begun | None = None
        self._state: TrainingState | None = None
        self._epoch = 0
        self._written: dict[str, int] = {}
        self._restore()

    @property
    def interrupted(self) -> Interrupted | None:
        """The last run, if it or what was to follow it was stopped and can go on."""
        stopped = self._stopped
        if stopped is None:
            return None
        here, left = stopped.left(self._history)
        if not left:
            return None
        committed = len(left) <= len(stopped.then)
        if committed:
            return Interrupted(stopped.action, 0, here, left, committed)
        return Interrupted(stopped.action, self._epoch, here, stopped.then)

    def state(self) -> TrainingState | None:
        """Where the interrupted run goes on; None to begin again.

        Raises:
            DamagedError, TrainingError: If what was written cannot be read.
        """
        files = self._home.runs
        if self._epoch == 0 or files is None:
            return self._state
        return TrainingState.from_bytes(files.checkpoint(len(self._log.runs)))

    def begin(self, action: Training, then: tuple[InSeries, ...]) -> None:
        """Say what the run that is about to start is of, and what is to follow it."""
        self._next = _Begun(action, self._history.current.id, self._history.next_id(), then)

    def checkpoint(self, state: TrainingState) -> None:
        """Keep the state after an epoch.

        Raises:
            StoreError: If it cannot be written; the one before stays.
        """
        if self._home.runs is None:
            self._state = state
        else:
            with self._home.held("a training run"):
                number = len(self._log.runs)
                self._home.runs.write_checkpoint(number, state.epoch, state.to_bytes())
        self._epoch = state.epoch

    def discard(self) -> None:
        """Do not go on with the interrupted run; its curves stay.

        Raises:
            StoreError: If that cannot be written down.
        """
        self._write(lambda files: files.forget_checkpoints(len(self._log.runs)))
        self._stopped = self._state = None
        self._write_about()

    def write_to(self, files: RunFiles) -> None:
        """Copy all runs.

        Raises:
            StoreError: If they cannot be written.
        """
        for run in self._log.runs:
            last = run.number == len(self._log.runs)
            files.write(run.number, _about(run, self._stopped if last else None))
            files.replace_curves(run.number, _curves(run))
        if self._stopped is not None and (state := self.state()) is not None:
            files.write_checkpoint(len(self._log.runs), state.epoch, state.to_bytes())

    def __call__(self, event: Event) -> None:
        """Take an event."""
        try:
            match event:
                case TrainingStarted(resumed_from=epoch):
                    self._start(epoch)
                case EpochTrained():
                    self._write_curves()
                case TrainingEnded():
                    self._end(self._now)
                case TaskEnded() if event.kind in TRAINS and self._now is not None:
                    self._leave(diverged=isinstance(event.error, TrainingError))
        except ReadOnlyError:  # closed in the middle of a run: the next kernel finds it so
            pass
        except StoreError as error:  # the run itself goes on
            self._home.report(error)

    def _start(self, epoch: int) -> None:
        self._now, self._next, self._running = self._next, None, True
        self._stopped = None
        if epoch == 0:
            self._state, self._epoch, self._written = None, 0, {}
            for number in range(1, len(self._log.runs)):
                self._write(partial(RunFiles.forget_checkpoints, number=number))
        self._write_about()
        if epoch:
            curves = _curves(self._log.runs[-1])
            self._write(lambda files: files.replace_curves(len(self._log.runs), curves))
            self._written = {name: len(points) for name, points in curves.items()}

    def _end(self, begun: _Begun | None) -> None:
        """The run itself is over; it is remembered only for what is to follow it."""
        self._running = False
        self._now = begun if begun is not None and begun.then else None
        self._write_curves()
        self._write_about()
        self._state, self._epoch = None, 0
        self._write(lambda files: files.forget_checkpoints(len(self._log.runs)))

    def _leave(self, *, diverged: bool) -> None:
        """The task ended before all was done."""
        if self._running and diverged:  # it would again
            self._end(None)
            return
        self._running = False
        self._stopped, self._now = self._now, None
        self._write_curves()
        self._write_about()

    def _write_curves(self) -> None:
        curves = _curves(self._log.runs[-1])
        new = {name: points[self._written.get(name, 0) :] for name, points in curves.items()}
        if any(new.values()):
            self._write(lambda files: files.append(len(self._log.runs), new))
            self._written = {name: len(points) for name, points in curves.items()}

    def _write_about(self) -> None:
        run = self._log.runs[-1]
        about = _about(run, self._now or self._stopped)
        self._write(lambda files: files.write(run.number, about))

    def _write(self, write: Callable[[RunFiles], None]) -> None:
        if self._home.runs is not None:
            with self._home.held("a training run"):
                write(self._home.runs)

    def _restore(self) -> None:
        files = self._home.runs
        if files is None:
            return
        for number in range(1, max(files.numbers(), default=0) + 1):
            self._stopped = None
            try:
                about = files.about(number)
                run = TrainingRun(number, about["epochs"], outcome=about["outcome"])
                begun = about["begun"] and _Begun.from_json(about["begun"])
                for name, points in files.curves(number).items():
                    setattr(run, name, points)
            except (KeyError, TypeError, ValueError) as error:  # WorkbenchErrors among them
                self._home.note(f"Training run {number} is lost: {error}")
                run, begun = TrainingRun(number, 0, outcome="lost"), None
            if begun and begun.left(self._history) != (begun.step_id, (begun.action, *begun.then)):
                run.outcome = "done"
            elif run.outcome == "running" and not self._home.read_only:
                run.outcome = INTERRUPTED
            self._log.add(run)
            self._stopped = None if self._home.read_only else begun
            self._epoch = files.checkpoint_epoch(number)


def _about(run: TrainingRun, begun: _Begun | None) -> dict[str, Any]:
    return {
        "epochs": run.epochs,
        "outcome": run.outcome,
        "begun": None if begun is None else begun.to_json(),
    }


def _curves(run: TrainingRun) -> dict[str, list[tuple[float, float]]]:
    """All that grows while a run trains, by name."""
    values = ((entry.name, getattr(run, entry.name)) for entry in fields(run))
    return {name: value for name, value in values if isinstance(value, list)}
