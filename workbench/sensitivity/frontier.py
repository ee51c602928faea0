"""Where a pruned graph begins to differ from the graph before, and what lies after that."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from workbench.onnx_graph import Cut, OnnxGraph
from workbench.onnx_graph.shapes import BATCH, per_image

_BATCH_BYTES = 4 * 2**20
_BATCH_SIZES = (4, 32)


@dataclass(frozen=True)
class Frontier:
    """The border between what stays and what has to be computed again.

    Attributes:
        values: Values that the graph before computes as well; of some, only slices are needed.
            The first axis of each is the batch.
        nodes: Positions of the nodes after them.
    """

    values: tuple[str, ...]
    nodes: tuple[int, ...]

    @classmethod
    def of(cls, cut: Cut) -> "Frontier":
        """The border of a cut, as late as possible.

        Nodes that only make or move channels give slices of what they gave before; so the border
        lies just before the first nodes that combine what is left.
        """
        graph = cut.graph
        again = {
            place
            for place in graph.upstream(graph.outputs, frozenset())
            if any(name in cut.renewed for name in graph.nodes[place].output)
        }
        while True:
            made = {name for place in again for name in graph.nodes[place].output}
            border = {
                name
                for place in again
                for name in graph.nodes[place].input
                if name and name not in made and name not in graph.weights
            }
            # Sizes, and windows of all images in a row, cannot be kept image by image.
            inside = {
                graph.maker[name]
                for name in border
                if name in graph.maker and not _by_image(graph, name)
            }
            if not inside:
                border |= {name for name in graph.outputs if name not in made}
                return cls(tuple(sorted(border)), tuple(sorted(again)))
            again |= inside


def _by_image(graph: OnnxGraph, name: str) -> bool:
    shape = graph.shapes.get(name, ())
    return bool(shape) and shape[0] == BATCH and all(isinstance(size, int) for size in shape[1:])


def value_bytes(graph: OnnxGraph, name: str) -> int:
    """Bytes of a value for one image, at 4 bytes an element; 0 where the shape is not known."""
    return 4 * prod(per_image(size) or 1 for size in graph.shapes.get(name, ()))


def batch_size_for(graph: OnnxGraph) -> int:
    """Images that are run at once: so many that their largest value stays in a CPU's cache."""
    largest = max(value_bytes(graph, name) for name in graph.maker)
    low, high = _BATCH_SIZES
    return min(max(_BATCH_BYTES // max(largest, 1), low), high)


def macs(graph: OnnxGraph, nodes: Sequence[int]) -> int:
    """Multiply-adds of convolutions and products with weights, for one image."""
    total = 0
    for place in nodes:
        node = graph.nodes[place]
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            continue
        weight = graph.weights.get(node.input[1])
        out = graph.shapes.get(node.output[0], ())
        if weight is not None and out:
            spots = out[2:] if node.op_type.startswith("Conv") else out[1:-1]
            windows = per_image(out[0]) or 1
            total += prod(weight.dims) * windows * prod(per_image(size) or 1 for size in spots)
    return total
