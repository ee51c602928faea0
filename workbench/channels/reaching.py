"""What a layer of an exported network reads, computed in ONNX Runtime."""

import numpy as np
import torch
from torch import Tensor

from workbench.measure.runtime import open_runtime
from workbench.onnx_graph import CutError, OnnxGraph, build, cut_graph
from workbench.onnx_graph.shapes import BATCH
from workbench.sensitivity.batches import BatchRunner
from workbench.sensitivity.frontier import batch_size_for


class Reach:
    """Runs a network up to a convolution, several times as fast as the module does.

    Args:
        graph: Of the network, with the weights that it has now.
        layer: The convolution's path in the module.

    Raises:
        CutError: If the graph does not tell what the layer reads, or it is the network's input.
        ExportError: If ONNX Runtime cannot open the part before it.
    """

    def __init__(self, graph: OnnxGraph, layer: str) -> None:
        value = _read_by(graph, layer)
        (self._input,), self._value = graph.inputs, value
        self._shape = graph.image_shape(value)
        self._session = open_runtime(build(cut_graph(graph, {}), outputs=[value]))
        self._batch_size = batch_size_for(graph)

    def __call__(self, inputs: Tensor) -> Tensor:
        """What the layer reads of a batch ``(B, *input_shape)``, shape ``(B, C, ...)``."""
        found = np.empty((len(inputs), *self._shape), np.float32)
        runner = BatchRunner(torch.get_num_threads(), self._batch_size)
        try:
            runner.run(self._session, {self._input: inputs.numpy()}, {self._value: found})
        finally:
            runner.close()
        return torch.from_numpy(found)


def _read_by(graph: OnnxGraph, layer: str) -> str:
    """Name of the value that a convolution reads."""
    weight = f"{layer}.weight"
    nodes = [node for node in graph.nodes if weight in node.input]
    if len(graph.inputs) != 1 or [node.op_type for node in nodes] != ["Conv"]:
        raise CutError(f"{layer!r} must be one convolution of a graph with one input.")
    value = str(nodes[0].input[0])
    if value not in graph.maker or graph.shape(value)[0] != BATCH:
        raise CutError(f"{layer!r} must read what the network makes of each input, got {value!r}.")
    return value
