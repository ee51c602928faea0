"""Values of the graph before pruning, kept for the inputs in hand, in bounded memory."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import Tensor

from workbench.measure.runtime import open_runtime
from workbench.onnx_graph import OnnxGraph, build, cut_graph
from workbench.sensitivity.batches import BatchRunner
from workbench.sensitivity.frontier import value_bytes

Rows = NDArray[Any]


class HeldValues:
    """The input and some values of a graph, for all inputs in hand.

    Args:
        graph: The graph.
        runner: Runs parts of it.
        limit_bytes: Most memory that values take.
    """

    def __init__(self, graph: OnnxGraph, runner: BatchRunner, limit_bytes: int) -> None:
        self._graph, self._runner, self._limit = graph, runner, limit_bytes
        self._whole = cut_graph(graph)
        (self._input,) = graph.inputs
        self.values: dict[str, Rows] = {}
        """What is kept, by name; the first axis counts the inputs."""
        self.peak_bytes = 0
        """Most memory that values took so far."""

    @property
    def inputs(self) -> int:
        """How many inputs are in hand."""
        return len(self.values[self._input]) if self.values else 0

    def begin(self, inputs: Tensor) -> None:
        """Take these inputs in hand; what was kept of others goes."""
        self.values = {self._input: inputs.numpy()}
        self._note()

    def clear(self) -> None:
        """Let go of everything."""
        self.values = {}

    def keep(self, names: Iterable[str]) -> None:
        """Keep these values and the input, computed from what is kept; let go of others.

        Where the old values and the new ones together pass the limit, the old ones go first, and
        the new ones come from the input.
        """
        wanted = {self._input, *names}
        missing = sorted(wanted - set(self.values))
        if missing and self._bytes() + self._new_bytes(missing) > self._limit:
            self.values = {self._input: self.values[self._input]}
            missing = sorted(wanted - {self._input})
        if missing:
            self.values |= self._computed(missing)
        self._note()
        self.values = {name: rows for name, rows in self.values.items() if name in wanted}

    def _computed(self, names: Sequence[str]) -> dict[str, Rows]:
        graph = self._graph
        nodes = graph.upstream(names, frozenset(self.values))
        read = {name for place in nodes for name in graph.nodes[place].input}
        given = {name: rows for name, rows in self.values.items() if name in read}
        found = {
            name: np.empty((self.inputs, *graph.image_shape(name)), self._dtype(name))
            for name in names
        }
        model = build(self._whole, tuple(given), names)
        self._runner.run(open_runtime(model), given, found)
        return found

    def _dtype(self, name: str) -> Any:
        return onnx.helper.tensor_dtype_to_np_dtype(self._graph.types[name])

    def _new_bytes(self, names: Iterable[str]) -> int:
        return self.inputs * sum(value_bytes(self._graph, name) for name in names)

    def _bytes(self) -> int:
        return sum(rows.nbytes for rows in self.values.values())

    def _note(self) -> None:
        self.peak_bytes = max(self.peak_bytes, self._bytes())
