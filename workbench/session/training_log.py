"""What fine-tuning reported, run by run, for whoever opens a chart later."""

from dataclasses import dataclass, field

from workbench.events import (
    BatchTrained,
    EpochTrained,
    Event,
    TaskEnded,
    TrainingEnded,
    TrainingStarted,
)

TRAINS = ("finetune", "rounds")
"""Kinds of task that train, once or several times."""


@dataclass
class TrainingRun:
    """One fine-tuning run; its lists grow while it runs.

    Attributes:
        number: Counts up from 1.
        epochs: How many are planned.
        losses: (position in epochs, training loss in nats) of every batch.
        accuracies: (epoch, validation accuracy in [0, 1]).
        outcome: ``"running"``, then how its task ended; ``"interrupted"`` if its kernel ended
            before it did.
    """

    number: int
    epochs: int
    losses: list[tuple[float, float]] = field(default_factory=list)
    accuracies: list[tuple[float, float]] = field(default_factory=list)
    outcome: str = "running"


class TrainingLog:
    """Listens to a session's events and keeps the runs; only the engine thread writes."""

    def __init__(self) -> None:
        self._runs: list[TrainingRun] = []

    @property
    def runs(self) -> tuple[TrainingRun, ...]:
        """All runs, in order."""
        return tuple(self._runs)

    def add(self, run: TrainingRun) -> None:
        """Take a run of an earlier kernel."""
        self._runs.append(run)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        match event:
            case TrainingStarted(resumed_from=done) if done and self._runs:
                _go_back(self._runs[-1], done)
            case TrainingStarted(epochs=epochs):
                self._runs.append(TrainingRun(len(self._runs) + 1, epochs))
            case BatchTrained(epoch=epoch, loss=loss):
                self._runs[-1].losses.append((epoch, loss))
            case EpochTrained(epoch=epoch, validation_accuracy=accuracy):
                self._runs[-1].accuracies.append((epoch, accuracy))
            case TrainingEnded():
                self._runs[-1].outcome = "done"
            case TaskEnded(outcome=outcome) if event.kind in TRAINS and self._runs:
                if self._runs[-1].outcome == "running":
                    self._runs[-1].outcome = outcome


def _go_back(run: TrainingRun, done: int) -> None:
    """Have a run go on after its first epochs; what was reported of later ones comes again."""
    run.losses[:] = [point for point in run.losses if point[0] <= done]
    run.accuracies[:] = [point for point in run.accuracies if point[0] <= done]
    run.outcome = "running"
