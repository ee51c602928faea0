"""What models answer on the probe set: in ONNX Runtime where that is exact, else in PyTorch."""

import numpy as np
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.data.splits import ArraySplit
from workbench.errors import ExportError
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.measure.runtime import open_runtime
from workbench.onnx_graph import Cut, CutError, build, cut_graph, removed_since
from workbench.progress import Monitor, Part
from workbench.pruned import PrunedModel
from workbench.sensitivity.batches import BatchRunner
from workbench.sensitivity.frontier import batch_size_for
from workbench.sensitivity.routes import check_scores
from workbench.session.onnx_files import OnnxFiles

CHECKED = 4
"""So many of the first answers of every model are held against its module's."""

_READ_BATCH = 256


class Probing:
    """Asks models for all answers to a probe set; for the engine thread alone.

    A graph that is cut at the pruned channels runs several times as fast as the pruned module, and
    opens in milliseconds. It is taken where the current model was exported anyway; where its first
    answers are not the module's, the module gives all of them.

    Args:
        files: Exported models.
        probe: The inputs.
    """

    def __init__(self, files: OnnxFiles, probe: Split) -> None:
        self._files, self._probe = files, probe
        self._some: tuple[np.ndarray, ArraySplit] | None = None

    def some(self, places: np.ndarray) -> ArraySplit:
        """The inputs at these positions of the probe set; the last ones are kept."""
        if self._some is None or self._some[0] is not places:
            wanted = torch.from_numpy(places)
            images, start = [], 0
            for inputs, _ in self._probe.batches(_READ_BATCH):
                here = wanted[(wanted >= start) & (wanted < start + len(inputs))] - start
                images.append(inputs[here])
                start += len(inputs)
            self._some = places, ArraySplit(torch.cat(images), self._probe.labels[wanted])
        return self._some[1]

    def answers(
        self,
        model: PrunedModel,
        current: PrunedModel,
        monitor: Monitor,
        inputs: Split | None = None,
    ) -> Evaluation:
        """Everything a model answers.

        Args:
            model: What `current` became, or `current` itself.
            current: A model of the history.
            monitor: Told after every batch; may cancel.
            inputs: Some of the probe set; all of it by default.

        Raises:
            DataError, ModelError: As `evaluate`.
        """
        asked = self._probe if inputs is None else inputs
        try:
            cut = self._cut(model, current)
            if cut is not None:
                return self._in_runtime(cut, model.module, asked, monitor)
        except (CutError, ExportError):
            pass  # slower, but exact as well
        return evaluate(model.module, asked, monitor=monitor)

    def _cut(self, model: PrunedModel, current: PrunedModel) -> Cut | None:
        graph = self._files.graph(current)
        on_cpu = all(one.device.type == "cpu" for one in model.module.parameters())
        if graph is None or not on_cpu or len(graph.inputs) != 1:
            return None
        layer = model.anatomy.layer
        masks = {layer(name).weight_name: kept.numpy() for name, kept in model.masks.items()}
        return cut_graph(graph, removed_since(model.structure, current.structure), masks)

    def _in_runtime(
        self, cut: Cut, module: nn.Module, asked: Split, monitor: Monitor
    ) -> Evaluation:
        threads, size = torch.get_num_threads(), batch_size_for(cut.graph)
        runner = BatchRunner(threads, size)
        try:
            running = _Running(cut, module, runner, monitor, len(asked))
            return evaluate(running, asked, batch_size=threads * size, monitor=monitor)
        finally:
            runner.close()


class _Running(nn.Module):
    """A pruned module as the cut graph that computes the same."""

    def __init__(
        self, cut: Cut, module: nn.Module, runner: BatchRunner, monitor: Monitor, total: int
    ) -> None:
        super().__init__()
        self.module = module
        self._monitor, self._total, self._done = monitor, total, 0
        self._session, self._runner = open_runtime(build(cut)), runner
        (self._input,), self._output = cut.graph.inputs, cut.graph.outputs[0]
        self._shape = cut.graph.image_shape(self._output)
        self._checked = False

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores of a batch.

        Raises:
            CutError: If the first ones are not the module's.
            Cancelled: If the monitor says so; it is told within a batch as well.
        """
        found = np.empty((len(inputs), *self._shape), np.float32)
        part = Part(self._monitor, self._done, self._done + len(inputs), self._total)
        given, outputs = {self._input: inputs.numpy()}, {self._output: found}
        self._runner.run(self._session, given, outputs, monitor=part)
        self._done += len(inputs)
        if not self._checked:
            check_scores(self.module(inputs[:CHECKED]).numpy(), found, "the plan's network")
            self._checked = True
        return torch.from_numpy(found)
