"""The dense model's ONNX file: exported once, cut whenever a narrower one is to be timed."""

from workbench.onnx_graph import OnnxGraph, build, cut_graph, removed_since
from workbench.progress import SILENT, Monitor
from workbench.pruned import PrunedModel
from workbench.session.history import History
from workbench.session.measuring import Gauge


class DenseOnnx:
    """Used by the engine thread alone.

    Args:
        history: Its first step is the dense model.
        gauge: Exports it.
    """

    def __init__(self, history: History, gauge: Gauge) -> None:
        self._history, self._gauge = history, gauge
        self._file: bytes | None = None
        self._graph: OnnxGraph | None = None

    def file(self, monitor: Monitor = SILENT) -> bytes:
        """The file; the first call takes seconds, unless it was kept before.

        Raises:
            ExportError: If the model cannot be exported.
        """
        if self._file is None:
            self._file = self._gauge.onnx(self._history.model_of(0), monitor)
        return self._file

    def keep(self, exported: bytes) -> None:
        """Remember a file that was made anyway."""
        self._file = exported

    def cut(self, model: PrunedModel, monitor: Monitor = SILENT) -> bytes:
        """A file with a pruned model's widths, in milliseconds; its weights are the dense ones.

        Raises:
            CutError: If an operator stands in the way.
        """
        if self._graph is None:
            dense = self._history.model_of(0)
            self._graph = OnnxGraph.read(self.file(monitor), dense.module)
        return build(cut_graph(self._graph, removed_since(model.structure)))
