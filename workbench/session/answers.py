"""What the models of a history answer on the probe set themselves; asked once of each."""

import threading
import weakref
from collections.abc import Callable

from workbench.data.dataset import Split
from workbench.events import EventBus, ModelAnswered
from workbench.measure.accuracy import Evaluation
from workbench.measure.flips import Flips
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.session.history import History
from workbench.session.probing import Probing


class Answers:
    """Keeps every model's own answers as long as the model is there; any thread may ask.

    Args:
        history: Whose current model is asked.
        probing: Asks it.
        probe: The inputs.
        bus: Told when a model has answered.
    """

    def __init__(self, history: History, probing: Probing, probe: Split, bus: EventBus) -> None:
        self._history, self._probing = history, probing
        self._probe, self._bus = probe, bus
        self._lock = threading.Lock()
        self._own: weakref.WeakKeyDictionary[PrunedModel, Evaluation] = weakref.WeakKeyDictionary()
        self._last: tuple[Evaluation, Evaluation, Flips] | None = None

    def own(self, model: PrunedModel) -> Evaluation | None:
        """What a model answers as it is, if it was asked."""
        with self._lock:
            return self._own.get(model)

    @property
    def known(self) -> bool:
        """Whether the current model was asked."""
        return self.own(self._history.model) is not None

    def ask(self) -> Callable[[Monitor], Evaluation]:
        """The work of asking the current model."""
        model = self._history.model

        def work(monitor: Monitor) -> Evaluation:
            if (known := self.own(model)) is not None:
                return known
            own = self._probing.answers(model, model, monitor)
            with self._lock:
                self._own[model] = own
            self._bus.emit(ModelAnswered(own.accuracy, own.inputs))
            return own

        return work

    def then_own(self, preview: Callable[[Monitor], Evaluation]) -> Callable[[Monitor], Evaluation]:
        """A preview, and after it the current model's own answers unless they are known."""
        if self.known:
            return preview
        ask = self.ask()

        def work(monitor: Monitor) -> Evaluation:
            found = preview(Part(monitor, 0, 50, 100))
            ask(Part(monitor, 50, 100, 100))
            return found

        return work

    def flips(self, after: Evaluation | None) -> Flips | None:
        """What a preview's answers change; None if they or the model's own are unknown."""
        before = self.own(self._history.model)
        if before is None or after is None:
            return None
        with self._lock:
            if self._last is None or self._last[0] is not before or self._last[1] is not after:
                flips = Flips.between(self._probe.labels.numpy(), before, after)
                self._last = before, after, flips
            return self._last[2]
