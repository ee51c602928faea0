"""The ONNX file of a pruned module, from the file of the module before."""

from torch import nn

from workbench.graph.structure import Structure
from workbench.onnx_graph.building import build
from workbench.onnx_graph.cut import DENSE, cut_graph, removed_since
from workbench.onnx_graph.graph import OnnxGraph


def cut_onnx(
    data: bytes,
    module: nn.Module,
    structure: Structure,
    current: Structure = DENSE,
) -> bytes:
    """Remove channels from an exported module, in milliseconds where an export takes seconds.

    The result computes what exporting the pruned module gives. It cannot know of numbers that
    the module's code derives from a width and the exporter wrote down as constants (a division
    by the number of channels); where that matters, compare it with the pruned module.

    Args:
        data: What `onnx_bytes` made of the module.
        module: The module; only its tensors and their names matter.
        structure: What is to be left, in the numbering of the dense model.
        current: What the exported module has of the dense model; everything by default.

    Returns:
        A complete ONNX model.

    Raises:
        CutError: If the graph cannot be read, or an operator stands in the way.
    """
    graph = OnnxGraph.read(data, module)
    return build(cut_graph(graph, removed_since(structure, current)))
