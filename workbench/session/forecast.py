"""What can be said of a plan before it is carried out; what is costly is kept for the next time."""

import threading
from collections.abc import Mapping
from dataclasses import replace

import torch

from workbench.criteria import Evidence, criterion_named
from workbench.criteria.evidence import BATCH_SIZE, NOTHING
from workbench.data.dataset import Split
from workbench.estimate import Estimate
from workbench.events import EventBus, EvidenceGathered
from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.predict import Prediction, Predictor
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.selection import Scores
from workbench.session.history import History
from workbench.session.timing import Timed, Timing

KEPT = 4
"""Evidence is remembered for so many models and criteria; some is as large as the model."""

UNRANKED = "its share is an estimate until the channels of all layers are scored"

TINY = 1e-3
"""Nobody expects a network to be a thousand times as fast."""

EvidenceKey = tuple[PrunedModel, str, int]
"""What evidence belongs to: a model, a criterion and a seed."""


class Forecast:
    """Evidence, scores, predictions and previews of a history's current model.

    Any thread may ask; evidence is gathered by the engine thread alone.

    Args:
        history: Whose current model it speaks of.
        training: Where evidence is gathered; never from validation or test data.
        timing: Predicts latency.
        bus: Told when evidence was gathered.
    """

    def __init__(self, history: History, training: Split, timing: Timing, bus: EventBus) -> None:
        self._history, self._training = history, training
        self._timing, self._bus = timing, bus
        self._lock = threading.Lock()
        self._predictor = Predictor(history.model)
        self._evidence: dict[EvidenceKey, Evidence] = {}
        self._scores: tuple[PrunedModel, Plan, Scores] | None = None
        self._preview: tuple[PrunedModel, Plan, Evaluation] | None = None
        self._timed: tuple[PrunedModel, Plan, Timed] | None = None

    def left(self, granularity: str) -> dict[str, int]:
        """By unit name, how many channels or weights are left."""
        return dict(self._predictor_now().left(granularity))

    def lacks_evidence(self, plan: Plan) -> bool:
        """Whether the current model cannot be scored by the plan before evidence is gathered."""
        return self._known(self._history.model, plan) is None

    def evidence(self, model: PrunedModel, plan: Plan, monitor: Monitor) -> Evidence:
        """What the plan's criterion has to know of a model, gathered if it is not known yet.

        Raises:
            CriterionError, DataError: If it cannot be gathered.
            Cancelled: If the monitor says so.
        """
        known = self._known(model, plan)
        if known is not None:
            return known
        order = torch.Generator().manual_seed(plan.seed)
        batches = self._training.batches(BATCH_SIZE, shuffle=order)
        found = model.gather(plan, batches, monitor)
        with self._lock:
            while len(self._evidence) >= KEPT:
                del self._evidence[next(iter(self._evidence))]
            self._evidence[_key(model, plan)] = found
        self._bus.emit(EvidenceGathered(plan.criterion))
        return found

    def evidence_at_hand(self, model: PrunedModel, seed: int) -> dict[str, Evidence]:
        """By criterion, what was gathered of a model so far."""
        with self._lock:
            return {
                criterion: found
                for (of, criterion, of_seed), found in self._evidence.items()
                if of is model and of_seed == seed
            }

    def scores(self, plan: Plan) -> Scores:
        """Importance by unit name, per original channel or weight, by the plan's criterion.

        Raises:
            CriterionError: If its evidence was not gathered.
        """
        rule = Plan(granularity=plan.granularity, criterion=plan.criterion, seed=plan.seed)
        with self._lock:
            model = self._history.model
            if self._scores is None or self._scores[:2] != (model, rule):
                evidence = self._evidence.get(_key(model, plan))
                self._scores = (model, rule, model.scores(rule, evidence))
            return self._scores[2]

    def predict(self, plan: Plan) -> Prediction:
        """What a plan would lead to: counts by arithmetic, latency as far as it was learned."""
        counted = self._count(plan)
        kept = counted.kept if plan.granularity == "channel" else self.left("channel")
        if (as_now := self._as_now(kept)) is not None:
            return replace(counted, latency_ms=as_now[0], speedup=as_now[1])
        dense_ms, relative = self.dense_ms, self._timing.predict(kept)
        if dense_ms is None or relative is None:
            return counted
        return replace(
            counted,
            latency_ms=relative.scaled(dense_ms),
            speedup=Estimate(1 / relative.value, 1 / relative.high, 1 / max(relative.low, TINY)),
        )

    @property
    def dense_ms(self) -> float | None:
        """What the dense network took in turn with the current step's.

        A busy machine is slower for both, and may have been busier when the session was opened;
        what is planned is read beside what is now.
        """
        now = self._history.current.metrics
        return self._history[0].metrics.beside(now).figure("latency_ms")

    def _as_now(self, kept: Mapping[str, int]) -> tuple[Estimate, Estimate] | None:
        """Latency and speed-up of a plan that removes no channel: zeros take as long."""
        now = self._history.current.metrics
        if now.latency_ms is None or kept != self.left("channel"):
            return None
        latency_ms, speedup = now.latency_ms.median_ms, now.speedup.value if now.speedup else 1.0
        return Estimate(*3 * (latency_ms,)), Estimate(*3 * (speedup,))

    def _count(self, plan: Plan) -> Prediction:
        """What arithmetic knows.

        Under global scope the scores decide how much each unit loses. As long as they lack
        evidence, every unit is taken to lose the plan's ratio, and the reasons say so.
        """
        if plan.scope != "global":
            return self._predictor_now().predict(plan)
        if self.lacks_evidence(plan):
            even = self._predictor_now().predict(plan.with_(scope="local"))
            return replace(even, reasons={**dict.fromkeys(even.kept, UNRANKED), **even.reasons})
        return self._predictor_now().predict(plan, self.scores(plan))

    def keep_preview(self, model: PrunedModel, plan: Plan, found: Evaluation) -> None:
        """Remember what the probe set gave for a model and a plan."""
        self._preview = (model, plan, found)

    def previewed(self, plan: Plan) -> Evaluation | None:
        """The probe set's outcome for exactly this plan and the current model, if measured."""
        if self._preview is None or self._preview[:2] != (self._history.model, plan):
            return None
        return self._preview[2]

    def keep_timed(self, model: PrunedModel, plan: Plan, timed: Timed) -> None:
        """Remember how long a plan's network takes."""
        self._timed = (model, plan, timed)

    def forget_timed(self) -> None:
        """How long it takes is of another device or batch size."""
        self._timed = None

    def timed(self, plan: Plan) -> Timed | None:
        """How long exactly this plan's network takes, if it was measured for the current model."""
        if self._timed is None or self._timed[:2] != (self._history.model, plan):
            return None
        return self._timed[2]

    def _known(self, model: PrunedModel, plan: Plan) -> Evidence | None:
        if not criterion_named(plan.criterion).needs_data:
            return NOTHING
        with self._lock:
            return self._evidence.get(_key(model, plan))

    def _predictor_now(self) -> Predictor:
        with self._lock:
            if self._predictor.current is not self._history.model:
                self._predictor = Predictor(self._history.model)
            return self._predictor


def _key(model: PrunedModel, plan: Plan) -> EvidenceKey:
    return model, plan.criterion, plan.seed
