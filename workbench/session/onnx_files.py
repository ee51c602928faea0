"""ONNX files of a history's models: made once, cut whenever a narrower model is to be run."""

import contextlib

from workbench.errors import ExportError
from workbench.onnx_graph import OnnxGraph, build, cut_graph, removed_since
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel
from workbench.session.history import History
from workbench.session.measuring import Gauge


class OnnxFiles:
    """The dense model's file, and that of the model exported last; for the engine thread alone.

    Args:
        history: Its first step is the dense model.
        gauge: Exports it.
    """

    def __init__(self, history: History, gauge: Gauge) -> None:
        self._history, self._gauge = history, gauge
        self._files: dict[PrunedModel, bytes] = {}
        self._graphs: dict[PrunedModel, OnnxGraph] = {}

    def file(self, monitor: Monitor = SILENT) -> bytes:
        """The dense model's file; the first call takes seconds, unless it was kept before.

        Raises:
            ExportError: If the model cannot be exported.
        """
        dense = self._history.model_of(0)
        if dense not in self._files:
            self.keep(dense, self._gauge.onnx(dense, monitor))
        return self._files[dense]

    def file_of(self, model: PrunedModel, monitor: Monitor = SILENT) -> bytes | None:
        """A model's file, if it is at hand; the dense model's if it can be made."""
        if model is self._history.model_of(0):
            with contextlib.suppress(ExportError):  # whoever needs it says so
                return self.file(monitor)
        return self._files.get(model)

    def keep(self, model: PrunedModel, exported: bytes) -> None:
        """Remember a file that was made anyway; the one before is forgotten, unless it is dense."""
        kept = (model, self._history.model_of(0))
        self._files = {of: file for of, file in self._files.items() if of in kept}
        self._graphs = {of: graph for of, graph in self._graphs.items() if of in self._files}
        self._files[model] = exported

    def graph(self, model: PrunedModel) -> OnnxGraph | None:
        """The graph of a model, with its own weights; None if its file is not at hand.

        Raises:
            CutError: If the file cannot be read.
        """
        return self._graph_of(model) if model in self._files else None

    def cut(self, model: PrunedModel, monitor: Monitor = SILENT) -> bytes:
        """A file with a pruned model's widths, in milliseconds; its weights are the dense ones.

        Raises:
            CutError: If an operator stands in the way.
        """
        self.file(monitor)  # makes it, the first time
        graph = self._graph_of(self._history.model_of(0))
        return build(cut_graph(graph, removed_since(model.structure)))

    def _graph_of(self, model: PrunedModel) -> OnnxGraph:
        if model not in self._graphs:
            self._graphs[model] = OnnxGraph.read(self._files[model], model.module)
        return self._graphs[model]
