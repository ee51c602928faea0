"""Statistics of batch norms in cut ONNX graphs, estimated again before every measurement.

As PyTorch does it in training mode: every batch is normalised by its own mean and variance, and
the mean of these over all batches is kept. What pruning a unit leaves as it is, is computed once
for all batches, as for the inputs that are measured.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workbench.measure.runtime import open_runtime
from workbench.onnx_graph import Cut, OnnxGraph, build, cut_graph
from workbench.onnx_graph.axes import Axes
from workbench.onnx_graph.norms import (
    Statistics,
    by_batch,
    norms_of,
    numbers_per_channel,
    statistics_of,
    taken,
    with_statistics,
)
from workbench.sensitivity.batches import NOTHING_CUT, BatchRunner, cut_rows
from workbench.sensitivity.frontier import Frontier, value_bytes

Values = Mapping[str, NDArray[np.float32]]


class Calibration:
    """Gives cut models the statistics that fixed batches have in them.

    Args:
        graph: Of the model before pruning, its batch norms nodes of their own.
        batches: Inputs, each ``(B, *input_shape)``.
        runner: Runs batches side by side.
        limit_bytes: Most memory for values kept between models.
    """

    def __init__(
        self, graph: OnnxGraph, batches: Sequence[Tensor], runner: BatchRunner, limit_bytes: int
    ) -> None:
        self._graph, self._runner, self._limit = graph, runner, limit_bytes
        self._whole = cut_graph(graph)
        (self._input,) = graph.inputs
        self.batches = tuple(batches)
        self._held: list[Values] = self._inputs()
        self._known: dict[str, Mapping[str, Statistics]] = {}

    def keep(self, names: Iterable[str]) -> None:
        """Keep these values of all batches; where they would take too much, the inputs alone.

        What was estimated for other models is forgotten.
        """
        self._known = {}
        wanted = {self._input, *names}
        images = sum(len(batch) for batch in self.batches)
        if images * sum(value_bytes(self._graph, name) for name in wanted) > self._limit:
            self._held = self._inputs()
            return
        missing = sorted(wanted - set(self._held[0]))
        if missing:
            given = tuple(self._held[0])
            model = by_batch(build(self._whole, self._read(given, missing), missing), self._graph)
            found = self._run(model, missing)
            self._held = [{**old, **new} for old, new in zip(self._held, found, strict=True)]
        self._held = [{name: values[name] for name in wanted} for values in self._held]

    def clear(self) -> None:
        """Let go of everything but the inputs."""
        self._held, self._known = self._inputs(), {}

    def applied(self, model: bytes, cut: Cut, frontier: Frontier, name: str) -> bytes:
        """What `build` made of a cut, with the statistics of its norms estimated again.

        The same `name` is the same cut: of inputs that are run in portions, only the first waits.
        """
        if name not in self._known:
            self._known[name] = self._statistics(norms_of(model), cut, frontier)
        return with_statistics(model, self._known[name])

    def _statistics(
        self, norms: Sequence[str], cut: Cut, frontier: Frontier
    ) -> Mapping[str, Statistics]:
        if not norms:
            return {}
        held = set(frontier.values) <= set(self._held[0])
        values = frontier.values if held else self._graph.inputs
        found = self._run(by_batch(build(cut, values), self._graph), statistics_of(norms), cut.axes)
        return {norm: self._mean(norm, found) for norm in norms}

    def _mean(self, norm: str, found: Sequence[Values]) -> Statistics:
        """Every batch counts the same."""
        each = [
            taken(outputs, norm, numbers_per_channel(self._graph, norm, len(batch)))
            for outputs, batch in zip(found, self.batches, strict=True)
        ]
        return Statistics(
            np.mean([one.mean for one in each], axis=0, dtype=np.float32),
            np.mean([one.variance for one in each], axis=0, dtype=np.float32),
        )

    def _run(
        self, model: bytes, outputs: Sequence[str], axes: Mapping[str, Axes] = NOTHING_CUT
    ) -> list[Values]:
        """Outputs for every batch, from what is held of it, cut as `axes` says."""
        session = open_runtime(model)
        names = [value.name for value in session.get_inputs()]

        def one(values: Values) -> Values:
            feed = {name: cut_rows(values[name], axes.get(name)) for name in names}
            return dict(zip(outputs, session.run(list(outputs), feed), strict=True))

        return self._runner.each(one, self._held)

    def _read(self, given: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
        nodes = self._graph.upstream(wanted, frozenset(given))
        read = {name for place in nodes for name in self._graph.nodes[place].input}
        return tuple(name for name in given if name in read)

    def _inputs(self) -> list[Values]:
        return [{self._input: batch.numpy()} for batch in self.batches]


def recalibrated(
    graph: OnnxGraph, batches: Sequence[Tensor], threads: int, limit_bytes: int
) -> OnnxGraph:
    """The graph with the statistics that its own batch norms have on fixed batches."""
    runner = BatchRunner(threads, 1)
    whole = cut_graph(graph)
    try:
        calibration = Calibration(graph, batches, runner, limit_bytes)
        file = calibration.applied(build(whole), whole, Frontier(graph.inputs, ()), "")
    finally:
        runner.close()
    return OnnxGraph.restored(file, graph.sources)
