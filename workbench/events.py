"""What the engine reports: frozen records that every listener gets alike.

A terminal's progress bar, the widgets in a browser and a test all listen to these.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.plan import Plan

if TYPE_CHECKING:  # actions know how to train, and training reports events
    from workbench.actions import Action

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something happened in a session."""


@dataclass(frozen=True)
class TaskStarted(Event):
    """A task began to run."""

    task_id: int
    kind: str
    title: str


@dataclass(frozen=True)
class TaskProgress(Event):
    """A running task got on: `done` of `total`, and seconds left (None while unknown)."""

    task_id: int
    kind: str
    done: float
    total: float
    message: str
    eta_s: float | None


@dataclass(frozen=True)
class TaskEnded(Event):
    """A task ended: outcome is ``"done"``, ``"cancelled"`` or ``"failed"`` (then with `error`)."""

    task_id: int
    kind: str
    title: str
    outcome: str
    error: BaseException | None = None


@dataclass(frozen=True)
class PlanChanged(Event):
    """The session has another plan."""

    plan: Plan


@dataclass(frozen=True)
class PreviewMeasured(Event):
    """The probe set was measured with a plan carried out on a copy."""

    plan: Plan
    accuracy: float
    inputs: int


@dataclass(frozen=True)
class LatencyMeasured(Event):
    """A plan's network was timed: one input at a time, in milliseconds."""

    plan: Plan
    latency_ms: float


@dataclass(frozen=True)
class LatencyLearned(Event):
    """More networks were timed: latency is predicted better than before."""


@dataclass(frozen=True)
class PlanSpotChecked(Event):
    """The accuracy of a plan was estimated from few probe inputs."""

    plan: Plan


@dataclass(frozen=True)
class AccuracyLearned(Event):
    """More plans were measured: accuracy is predicted better than before."""


@dataclass(frozen=True)
class ModelAnswered(Event):
    """The current model itself answered the probe set."""

    accuracy: float
    inputs: int


@dataclass(frozen=True)
class PointMeasured(Event):
    """A scan knows the probe set's accuracy, in [0, 1], of one unit pruned alone to a ratio."""

    unit: str
    ratio: float
    accuracy: float


@dataclass(frozen=True)
class SensitivityEstimated(Event):
    """Gradients told about what pruning each unit alone would cost."""


@dataclass(frozen=True)
class EvidenceGathered(Event):
    """A criterion has what it needs of the training data: its scores can be asked for."""

    criterion: str


@dataclass(frozen=True)
class ChannelsInspected(Event):
    """There is a report on the channels of a unit of the current model."""

    unit: str


@dataclass(frozen=True)
class DeviceChanged(Event):
    """Latency is of another device or batch size from now on; `words` say which."""

    words: str


@dataclass(frozen=True)
class FigureMeasured(Event):
    """Something that is measured only when asked for, such as ``"energy"``, is known of a step."""

    figure: str
    step_id: int


@dataclass(frozen=True)
class TargetsChanged(Event):
    """The session has other targets."""


@dataclass(frozen=True)
class HistoryChanged(Event):
    """A step was committed or measured further, or another step became the current one."""

    current_id: int


@dataclass(frozen=True)
class ActionTaken(Event):
    """Something a user asked for was done; `step_id` is the current step after it."""

    action: "Action"
    step_id: int


@dataclass(frozen=True)
class NotSaved(Event):
    """Something could not be written to the session's directory, and why; the next change tries."""

    message: str


@dataclass(frozen=True)
class TrainingStarted(Event):
    """Fine-tuning of so many epochs begins, or goes on after `resumed_from` of them."""

    epochs: int
    resumed_from: int = 0


@dataclass(frozen=True)
class TrainingEnded(Event):
    """Training came to its end, and its step is committed."""


@dataclass(frozen=True)
class BatchTrained(Event):
    """A training batch was done: position in epochs (fractional), loss in nats, learning rate."""

    epoch: float
    loss: float
    learning_rate: float = 0.0


@dataclass(frozen=True)
class EpochTrained(Event):
    """An epoch was done, with loss and accuracy on the validation data, and its last rate."""

    epoch: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float = 0.0


Listener = Callable[[Event], None]


class EventBus:
    """Hands every event to every listener, in the thread that reports it.

    Listeners must be quick: they note the event and return. One that raises is logged, and the
    others still get the event.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def emit(self, event: Event) -> None:
        """Report an event."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener failed on %s", type(event).__name__)
