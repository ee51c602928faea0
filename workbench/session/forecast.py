"""What can be said of a plan before it is carried out; what is costly is kept for the next time."""

import threading

from workbench.measure.accuracy import Evaluation
from workbench.plan import Plan
from workbench.predict import Prediction, Predictor
from workbench.pruned import PrunedModel
from workbench.selection import Scores
from workbench.session.history import History


class Forecast:
    """Scores, predictions and previews of a history's current model; any thread may ask."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._lock = threading.Lock()
        self._predictor = Predictor(history.model)
        self._scores: tuple[PrunedModel, Plan, Scores] | None = None
        self._preview: tuple[PrunedModel, Plan, Evaluation] | None = None

    def left(self, granularity: str) -> dict[str, int]:
        """By unit name, how many channels or weights are left."""
        return dict(self._predictor_now().left(granularity))

    def scores(self, plan: Plan) -> Scores:
        """Importance by unit name, per original channel or weight, by the plan's criterion."""
        rule = Plan(granularity=plan.granularity, criterion=plan.criterion, seed=plan.seed)
        with self._lock:
            model = self._history.model
            if self._scores is None or self._scores[:2] != (model, rule):
                self._scores = (model, rule, model.scores(rule))
            return self._scores[2]

    def predict(self, plan: Plan) -> Prediction:
        """What a plan would lead to, by arithmetic."""
        scores = self.scores(plan) if plan.scope == "global" else None
        return self._predictor_now().predict(plan, scores)

    def keep_preview(self, model: PrunedModel, plan: Plan, found: Evaluation) -> None:
        """Remember what the probe set gave for a model and a plan."""
        self._preview = (model, plan, found)

    def previewed(self, plan: Plan) -> Evaluation | None:
        """The probe set's outcome for exactly this plan and the current model, if measured."""
        if self._preview is None or self._preview[:2] != (self._history.model, plan):
            return None
        return self._preview[2]

    def _predictor_now(self) -> Predictor:
        with self._lock:
            if self._predictor.current is not self._history.model:
                self._predictor = Predictor(self._history.model)
            return self._predictor
