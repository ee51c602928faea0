"""How long each layer takes within a network, by ONNX Runtime's own profiler.

The runtime rewrites a graph before it runs it: batch norms go into convolutions, activations and
residual additions are computed on the way, and layouts are changed in between. What it then times
bears names made from those it was given. So every operator and value is given a number first, and
the numbers are looked for in what comes back.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.stats import trim_mean

from workbench.errors import DataError
from workbench.measure.benchmark import MIN_ROUNDS
from workbench.measure.runtime import open_runtime
from workbench.onnx_graph import OnnxGraph
from workbench.progress import SILENT, Monitor

_NUMBER = re.compile(r"pw(\d{6})")
_TRIMMED = 0.25  # of the slowest and of the fastest runs each: a busy machine only adds time
_UNTIMED = {"Constant", "Identity"}


@dataclass(frozen=True)
class LayerLatencies:
    """Where the time of one inference goes.

    The profiler takes time itself, some microseconds an operator, so that shares are what to read;
    the latency of a network is that of `measure_latencies`.
    """

    layers: Mapping[str, float]
    """By layer that owns weights, milliseconds; with what is fused into it."""

    fused: Mapping[str, tuple[str, ...]]
    """By layer, the other operators that are computed within it, such as ``Relu``."""

    other: Mapping[str, float]
    """By operator, milliseconds of what belongs to no layer: poolings, additions on their own,
    changes of layout (``ReorderInput``, ``ReorderOutput``)."""

    runs: int
    """How many inferences were timed."""

    @property
    def total_ms(self) -> float:
        """Of all operators."""
        return sum(self.layers.values()) + sum(self.other.values())

    def share(self, layers: Iterable[str]) -> float:
        """The part of the total that these layers take, in [0, 1]."""
        total = self.total_ms
        own = sum(self.layers.get(layer, 0.0) for layer in layers)
        return own / total if total else 0.0


def measure_layer_latencies(
    graph: OnnxGraph,
    layers: Mapping[str, str],
    inputs: NDArray[Any],
    *,
    threads: int = 1,
    warmup: int = 3,
    runs: int = 40,
    time_limit_s: float = 2.0,
    monitor: Monitor = SILENT,
) -> LayerLatencies:
    """Time the operators of a network in ONNX Runtime on this CPU, and say whose they are.

    Args:
        graph: The exported network, and which of its weights is which parameter.
        layers: By parameter, the layer that owns it.
        inputs: One batch, such as float32 ``(B, C, H, W)``.
        threads: Threads within an operator, at least 1.
        warmup: Inferences that are not counted.
        runs: Most inferences that are; at least 1.
        time_limit_s: Stop after this time in seconds, but not before 5 inferences.
        monitor: Told after every inference.

    Raises:
        DataError: If `runs` is below 1.
        ExportError: If ONNX Runtime cannot open the model.
        Cancelled: If the monitor says so.
    """
    if runs < 1:
        raise DataError(f"runs must be at least 1, got {runs}.")
    with TemporaryDirectory(prefix="workbench-profile-") as directory:
        session = open_runtime(
            _numbered(graph.proto), threads=threads, profile=Path(directory) / "profile"
        )
        feed = {session.get_inputs()[0].name: np.ascontiguousarray(inputs)}
        start, counted = time.perf_counter(), 0
        try:
            for number in range(warmup + runs):
                monitor.report(number, warmup + runs, "timing layers")
                session.run(None, feed)
                counted = max(0, number + 1 - warmup)
                if counted >= MIN_ROUNDS and time.perf_counter() - start > time_limit_s:
                    break
        finally:
            profile = session.end_profiling()  # or its file stays open
        events = json.loads(Path(profile).read_text(encoding="utf-8"))
    timed = _timed(events, warmup)
    return _attributed(graph, layers, timed, counted)


def _numbered(proto: onnx.ModelProto) -> bytes:
    """The same model; nodes and the values they make are named after the node's position."""
    numbered = onnx.ModelProto()
    numbered.CopyFrom(proto)
    graph = numbered.graph
    fixed = {value.name for value in graph.output} | set(_names_in_branches(graph.node))
    names: dict[str, str] = {"": ""}
    for place, node in enumerate(graph.node):
        node.name = f"pw{place:06d}"
        node.input[:] = [names.get(name, name) for name in node.input]
        for slot, name in enumerate(node.output):
            if name and name not in fixed:
                names[name] = f"pw{place:06d}_{slot}"
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in graph.value_info:
        value.name = names.get(value.name, value.name)
    return bytes(numbered.SerializeToString())


def _names_in_branches(nodes: Sequence[onnx.NodeProto]) -> Iterator[str]:
    """Names that graphs within nodes use, of which some are values from outside."""
    for node in nodes:
        for attribute in node.attribute:
            for inner in attribute.g.node:
                yield from inner.input
            yield from _names_in_branches(attribute.g.node)


@dataclass(frozen=True)
class _Timed:
    """One operator of the rewritten graph.

    Attributes:
        name, operator: What the runtime calls it.
        ms: Its time in one inference.
    """

    name: str
    operator: str
    ms: float


def _timed(events: Sequence[Mapping[str, Any]], warmup: int) -> list[_Timed]:
    """The mean of the middle half of the runs, as the profiler counts whole microseconds."""
    durations: dict[tuple[str, str], list[float]] = {}
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            key = event["name"].removesuffix("_kernel_time"), event["args"]["op_name"]
            durations.setdefault(key, []).append(event["dur"])
    return [
        _Timed(name, operator, float(trim_mean(times[warmup:], _TRIMMED)) / 1e3)
        for (name, operator), times in durations.items()
    ]


def _attributed(
    graph: OnnxGraph, layers: Mapping[str, str], timed: Sequence[_Timed], runs: int
) -> LayerLatencies:
    owners = [_owner(graph, node, layers) for node in graph.nodes]
    of_layers: dict[str, float] = {}
    others: dict[str, float] = {}
    seen: set[int] = set()
    for one in timed:
        places = [int(found) for found in _NUMBER.findall(one.name) if int(found) < len(owners)]
        seen.update(at for at in places if _is(one.operator, graph.nodes[at].op_type))
        owner = next(filter(None, (_layer_at(graph, owners, at, one) for at in places)), "")
        if owner:
            of_layers[owner] = of_layers.get(owner, 0.0) + one.ms
        else:
            others[one.operator] = others.get(one.operator, 0.0) + one.ms
    return LayerLatencies(
        MappingProxyType(of_layers),
        MappingProxyType(_fused(graph, owners, seen)),
        MappingProxyType(others),
        runs,
    )


def _owner(graph: OnnxGraph, node: onnx.NodeProto, layers: Mapping[str, str]) -> str:
    """The layer whose weights a node reads; empty for a node without any."""
    for name in node.input:
        for source in graph.sources.get(name, ()):
            if source.parameter in layers:
                return layers[source.parameter]
    return ""


def _layer_at(graph: OnnxGraph, owners: Sequence[str], place: int, timed: _Timed) -> str:
    """The layer that an operator with this number in its name computes.

    A fused operator may bear the name of the activation at its end; then the layer is found going
    up from there.
    """
    if owners[place]:
        return owners[place]
    if _is(timed.operator, graph.nodes[place].op_type):
        return ""  # an activation on its own
    return _layer_above(graph, owners, place)


def _layer_above(graph: OnnxGraph, owners: Sequence[str], place: int) -> str:
    """The nearest layer that a node's values come from."""
    level, met = [place], {place}
    while level:
        above: list[int] = []
        for at in level:
            if owners[at]:
                return owners[at]
            made = (graph.maker.get(name) for name in graph.nodes[at].input)
            above.extend(found for found in made if found is not None and found not in met)
            met.update(above)
        level = above
    return ""


def _is(operator: str, original: str) -> bool:
    return operator in {original, f"Fused{original}"}


def _fused(graph: OnnxGraph, owners: Sequence[str], seen: set[int]) -> dict[str, tuple[str, ...]]:
    """By layer, operators that were given to the runtime and are not among those it timed."""
    found: dict[str, list[str]] = {}
    for place, node in enumerate(graph.nodes):
        if place in seen or owners[place] or node.op_type in _UNTIMED:
            continue
        if (owner := _layer_above(graph, owners, place)) and not _is_constant(graph, node):
            found.setdefault(owner, []).append(node.op_type)
    return {owner: tuple(operators) for owner, operators in found.items()}


def _is_constant(graph: OnnxGraph, node: onnx.NodeProto) -> bool:
    """Whether a node computes numbers that do not depend on the input: they are worked out once."""
    return all(name in graph.weights for name in node.input if name)
