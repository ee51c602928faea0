"""The fast way: what lies after the pruned unit, with its channels really removed, in ONNX Runtime.

The model is exported once. For each unit, the values that pruning it leaves as they are, are
computed once for all inputs and kept; for every ratio the rest of the graph is cut, opened and run
on them. Units come in the order they run, so each one's values are computed from the last one's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from workbench.data.dataset import Split
from workbench.export.onnx import onnx_bytes
from workbench.measure.runtime import open_runtime
from workbench.modes import evaluation_mode
from workbench.onnx_graph import Cut, CutError, OnnxGraph, build, cut_graph
from workbench.progress import SILENT, Monitor, Part
from workbench.pruned import PrunedModel
from workbench.recalibration import Recalibration
from workbench.sensitivity.ahead import Ahead
from workbench.sensitivity.batches import BatchRunner
from workbench.sensitivity.calibration import Calibration, recalibrated
from workbench.sensitivity.frontier import Frontier, batch_size_for, macs, value_bytes
from workbench.sensitivity.held import HeldValues
from workbench.sensitivity.routes import Chosen, Logits, Portion, check_scores
from workbench.sensitivity.targets import AnyTarget

MEMORY_LIMIT_BYTES = 512 * 2**20
"""Most memory for values that are kept between runs."""

_CHECKED_INPUTS = 8

Expected = Callable[[AnyTarget], Logits]
"""Scores of a pruned target for the first inputs, as PyTorch gives them."""


class OnnxRoute:
    """Runs what pruning changes, in ONNX Runtime.

    Args:
        graph: The graph of the model that targets are pruned from.
        probe: The inputs.
        expected: Tells what a pruned target answers; a unit's first answers are held against it.
        memory_limit_bytes: Most memory for values kept between runs.
        threads: How many batches run at once.
        divided_for: As for `BatchRunner`.
        recalibration: Batches that batch norms are estimated again on before every measurement,
            if they are; then `graph` holds what they are in the model before pruning.

    Raises:
        CutError: If the graph does not fit the inputs.
    """

    name = "onnxruntime"

    def __init__(
        self,
        graph: OnnxGraph,
        probe: Split,
        expected: Expected,
        *,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        threads: int = 1,
        divided_for: int | None = None,
        recalibration: Recalibration | None = None,
    ) -> None:
        self.graph, self.expected = graph, expected
        self._probe, self._limit = probe, memory_limit_bytes
        self._whole = cut_graph(graph)
        (self._input,) = graph.inputs
        self._output = graph.outputs[0]
        self._check_labels(probe.labels)
        self._runner = BatchRunner(threads, batch_size_for(graph), divided_for)
        self._opening = ThreadPoolExecutor(1, thread_name_prefix="opening")
        each = memory_limit_bytes if recalibration is None else memory_limit_bytes // 2
        self.held = HeldValues(graph, self._runner, each)
        self.calibration = (
            None
            if recalibration is None
            else Calibration(graph, recalibration.batches, self._runner, each)
        )

    @classmethod
    def of(
        cls,
        model: PrunedModel,
        probe: Split,
        *,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        exported: bytes | None = None,
        recalibration: Recalibration | None = None,
    ) -> "OnnxRoute":
        """The route of a model on the CPU, on as many threads as PyTorch would use.

        Args:
            model: The model that targets are pruned from.
            probe: The inputs.
            memory_limit_bytes: Most memory for values kept between runs.
            exported: What `onnx_bytes` made of the model, where that is at hand.
            recalibration: Batches that batch norms are estimated again on, if they are.

        Raises:
            ExportError: If the model cannot be exported, or its graph not be read.
        """
        first, _ = next(iter(probe.batches(_CHECKED_INPUTS)))
        if recalibration is None:
            file = exported or onnx_bytes(model.module, first)
        else:
            file = onnx_bytes(model.module, first, fused=False)
            model = model.with_module(recalibration.applied_to(model.module))
        graph = OnnxGraph.read(file, model.module)

        def answers(module: nn.Module) -> Logits:
            with evaluation_mode(module), torch.inference_mode():
                scores: Logits = module(first).numpy()
            return scores

        def expected(target: AnyTarget) -> Logits:
            return answers(model.prune(target.plan)[0].module)

        threads = torch.get_num_threads()
        if recalibration is not None:
            graph = recalibrated(graph, recalibration.batches, threads, memory_limit_bytes)
            (scores,) = open_runtime(build(cut_graph(graph))).run(
                None, {graph.inputs[0]: first.numpy()}
            )
            check_scores(answers(model.module), scores, "a model with batch norms estimated again")
        return cls(
            graph,
            probe,
            expected,
            memory_limit_bytes=memory_limit_bytes,
            threads=threads,
            recalibration=recalibration,
        )

    def close(self) -> None:
        """Let go of threads and values."""
        self._opening.shutdown(cancel_futures=True)
        self._runner.close()
        self.held.clear()
        if self.calibration is not None:
            self.calibration.clear()

    def share(self, target: AnyTarget) -> float:
        """Part of the model's multiply-adds that running the target takes, about.

        Raises:
            CutError: If the graph cannot be cut for it.
        """
        frontier = Frontier.of(self._cut(target))
        everything = macs(self.graph, range(len(self.graph.nodes)))
        return macs(self.graph, frontier.nodes) / everything if everything else 1.0

    def baseline(self, monitor: Monitor) -> Logits:
        """Scores of the model as it is."""
        session, found, done = open_runtime(build(self._whole)), [], 0
        for inputs, _ in self._probe.batches(self._portion_size(())):
            part = Part(monitor, done, done + len(inputs), len(self._probe))
            logits = self._empty(len(inputs))
            given = {self._input: inputs.numpy()}
            self._runner.run(session, given, {self._output: logits}, monitor=part)
            found.append(logits)
            done += len(inputs)
        return _numbers(np.concatenate(found))

    def portions(self, targets: Sequence[AnyTarget]) -> Iterator[Portion]:
        """All inputs at once if the memory limit allows, else as many as it allows.

        Raises:
            CutError: If the graph cannot be cut for a target; from `run` also if its scores are
                not those of the pruned module.
        """
        expected = self._opening.submit(self.expected, targets[0])
        cuts = {target.digest: self._cut(target) for target in targets}
        frontiers = {digest: Frontier.of(cut) for digest, cut in cuts.items()}
        border = {name for frontier in frontiers.values() for name in frontier.values}
        if self.calibration is not None:
            self.calibration.keep(border)
        size, start = self._portion_size(border), 0
        if size >= len(self._probe):
            if self.held.inputs != len(self._probe):
                self.held.begin(torch.cat([inputs for inputs, _ in self._probe.batches(256)]))
            runs = _Runs(self, self._opening, cuts, frontiers, expected)
            self.held.keep(border)
            yield Portion(slice(0, len(self._probe)), runs)
            return
        for inputs, _ in self._probe.batches(size):
            runs = _Runs(self, self._opening, cuts, frontiers, expected if start == 0 else None)
            self.held.begin(inputs)
            self.held.keep(border)
            yield Portion(slice(start, start + len(inputs)), runs)
            start += len(inputs)
        self.held.clear()

    def run(
        self,
        session: onnxruntime.InferenceSession,
        cut: Cut,
        frontier: Frontier,
        chosen: Chosen | None,
        monitor: Monitor,
    ) -> Logits:
        """Scores of a cut graph for the values that are held."""
        rows = {name: self.held.values[name] for name in frontier.values}
        logits = self._empty(self.held.inputs if chosen is None else int(chosen.sum()))
        outputs = {self._output: logits}
        self._runner.run(session, rows, outputs, cut=cut.axes, chosen=chosen, monitor=monitor)
        return _numbers(logits)

    def _cut(self, target: AnyTarget) -> Cut:
        return cut_graph(self.graph, target.removed, target.masks)

    def _portion_size(self, border: Iterable[str]) -> int:
        """How many inputs fit into the limit, with the values of a border."""
        one = sum(value_bytes(self.graph, name) for name in {self._input, *border})
        return max(self._limit // max(one, 1), 1)

    def _empty(self, count: int) -> Logits:
        return np.empty((count, *self.graph.image_shape(self._output)), np.float32)

    def _check_labels(self, labels: Tensor) -> None:
        shape = self.graph.shape(self._output)
        if len(shape) != 2 or not isinstance(shape[1], int):
            raise CutError(f"output {self._output!r} must be (batch, classes), got {shape}.")
        if len(labels) == 0 or not 0 <= int(labels.min()) <= int(labels.max()) < shape[1]:
            raise CutError(f"labels must be in [0, {shape[1]}) for a model with that many outputs.")


class _Runs:
    """Runs targets of one unit on what is held; while one runs, the next is opened.

    Args:
        route: What runs them.
        opening: Opens them.
        cuts: What is cut for each, by digest, in the order in which they are run.
        frontiers: Their borders.
        expected: What the module pruned for the first of them answers, where that is to be
            held against its scores.
    """

    def __init__(
        self,
        route: OnnxRoute,
        opening: ThreadPoolExecutor,
        cuts: Mapping[str, Cut],
        frontiers: Mapping[str, Frontier],
        expected: Future[Logits] | None,
    ) -> None:
        self._route, self._cuts, self._frontiers = route, cuts, frontiers
        self._expected = expected
        self._ahead = Ahead(opening, self._made, cuts)
        self._open: tuple[str, onnxruntime.InferenceSession] | None = None

    def __call__(self, target: AnyTarget, chosen: Chosen | None, monitor: Monitor) -> Logits:
        cut, frontier = self._cuts[target.digest], self._frontiers[target.digest]
        if self._open is None or self._open[0] != target.digest:
            self._open = None  # lets go of the last one before there are three
            self._open = target.digest, self._opened(target)
        return self._route.run(self._open[1], cut, frontier, chosen, monitor)

    def _made(self, digest: str) -> tuple[bytes, onnxruntime.InferenceSession]:
        model = build(self._cuts[digest], self._frontiers[digest].values)
        return model, open_runtime(model)

    def _opened(self, target: AnyTarget) -> onnxruntime.InferenceSession:
        """A cut graph from its border on, ready to run."""
        model, session = self._ahead.take(target.digest)
        self._check(target, session)
        calibration = self._route.calibration
        if calibration is None:
            return session
        cut, frontier = self._cuts[target.digest], self._frontiers[target.digest]
        return open_runtime(calibration.applied(model, cut, frontier, target.digest))

    def _check(self, target: AnyTarget, session: onnxruntime.InferenceSession) -> None:
        if self._expected is None:
            return
        expected, self._expected = self._expected.result(), None
        chosen = np.zeros(self._route.held.inputs, np.bool_)
        chosen[: len(expected)] = True
        cut, frontier = self._cuts[target.digest], self._frontiers[target.digest]
        logits = self._route.run(session, cut, frontier, chosen, SILENT)
        check_scores(expected, logits, f"unit {target.unit!r} at ratio {target.ratio}")


def _numbers(logits: Logits) -> Logits:
    if np.isnan(logits).any():
        raise CutError("outputs in ONNX Runtime must be numbers, got nan.")
    return logits
