"""What single channels are like: looked at on demand, kept for a few units."""

import threading
from collections.abc import Callable
from dataclasses import replace

from workbench.channels import ChannelReport, report_channels
from workbench.channels.importances import importances
from workbench.data import Dataset
from workbench.events import ChannelsInspected, EventBus
from workbench.onnx_graph import CutError, OnnxGraph
from workbench.plan import Plan
from workbench.progress import Monitor
from workbench.pruned import PrunedModel
from workbench.session.forecast import Forecast
from workbench.session.history import History
from workbench.session.onnx_files import OnnxFiles

KEPT = 4
"""Reports are remembered for so many units; one takes some megabytes at most."""


class Inspecting:
    """Makes reports on the channels of units; any thread may ask for those there are.

    Args:
        history: Whose current model is looked at.
        forecast: Knows the evidence of criteria that read training data.
        files: Have the current model's graph, which answers faster.
        dataset: Its probe set is answered.
        bus: Told of every report.
    """

    def __init__(
        self,
        history: History,
        forecast: Forecast,
        files: OnnxFiles,
        dataset: Dataset,
        bus: EventBus,
    ) -> None:
        self._history, self._forecast, self._files = history, forecast, files
        self._dataset, self._bus = dataset, bus
        self._lock = threading.Lock()
        self._reports: dict[tuple[PrunedModel, str], tuple[ChannelReport, frozenset[str]]] = {}

    def report(self, unit: str) -> ChannelReport | None:
        """What is known of a unit of the current model."""
        with self._lock:
            found = self._reports.get((self._history.model, unit))
            return None if found is None else found[0]

    def lacks(self, plan: Plan, unit: str) -> bool:
        """Whether a report is missing, or does not know of all evidence that is at hand."""
        model = self._history.model
        with self._lock:
            found = self._reports.get((model, unit))
        return found is None or found[1] != set(self._forecast.evidence_at_hand(model, plan.seed))

    def inspection(self, plan: Plan, unit: str) -> Callable[[Monitor], ChannelReport]:
        """The work of looking at a unit of the model that is current when it runs."""

        def work(monitor: Monitor) -> ChannelReport:
            model = self._history.model
            evidence = self._forecast.evidence_at_hand(model, plan.seed)
            with self._lock:
                known = self._reports.get((model, unit))
            if known is None:
                report = report_channels(
                    model,
                    self._dataset,
                    unit,
                    evidence=evidence,
                    graph=self._graph(model),
                    seed=plan.seed,
                    monitor=monitor,
                )
            elif known[1] == set(evidence):
                report = known[0]
            else:
                group = model.anatomy.graph.group(unit)
                ranked = importances(model, group, evidence, plan.seed, monitor)
                report = replace(known[0], importances=ranked)
            with self._lock:
                self._reports.pop((model, unit), None)  # the one looked at last is the last to go
                while len(self._reports) >= KEPT:
                    del self._reports[next(iter(self._reports))]
                self._reports[model, unit] = report, frozenset(evidence)
            self._bus.emit(ChannelsInspected(unit))
            return report

        return work

    def _graph(self, model: PrunedModel) -> OnnxGraph | None:
        try:
            return self._files.graph(model)
        except CutError:
            return None
