"""Channels removed from an ONNX graph: what that does to every node, and the graph that is left."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.graph.structure import Structure
from workbench.onnx_graph.axes import Axes, Indices, KeptByName, is_cut
from workbench.onnx_graph.edits import Edit
from workbench.onnx_graph.errors import CutError
from workbench.onnx_graph.graph import OnnxGraph
from workbench.onnx_graph.rules import edit_of
from workbench.onnx_graph.view import NodeView

WeightMasks = Mapping[str, NDArray[np.bool_]]
"""By parameter: True = keep, the parameter's shape."""

DENSE = Structure()


@dataclass(frozen=True, eq=False)
class Cut:
    """What removing slices of parameters does to a graph, node by node.

    Attributes:
        graph: The graph it starts from.
        edits: By position, the nodes that change.
        axes: By value, what is left of it; values left out are whole.
        renewed: Values with other numbers than a slice of what the graph computed before.
        masks: Weights to be set to zero, by parameter.
    """

    graph: OnnxGraph
    edits: Mapping[int, Edit] = field(repr=False)
    axes: Mapping[str, Axes] = field(repr=False)
    renewed: frozenset[str] = field(repr=False)
    masks: WeightMasks = field(default_factory=dict, repr=False)


def removed_since(structure: Structure, current: Structure = DENSE) -> KeptByName:
    """What `structure` leaves of a model that has the slices of `current`, by parameter.

    Indices are positions in the current model; dimensions that stay as they are, are left out.
    """
    found: dict[str, dict[int, Indices]] = {}
    for name, dims in structure.kept.items():
        for dim in dims:
            places = structure.positions(name, dim, current)
            before = current.kept.get(name, {}).get(dim)
            if before is None or len(places) < len(before):
                found.setdefault(name, {})[dim] = places
    return found


def cut_graph(
    graph: OnnxGraph, kept: KeptByName | None = None, masks: WeightMasks | None = None
) -> Cut:
    """Follow removed slices of parameters through a graph.

    Args:
        graph: The graph of the module that the indices count in.
        kept: Indices that are left, by parameter and dimension; others are whole.
        masks: Weights to be set to zero, by parameter.

    Raises:
        CutError: If an operator stands in the way; says which and why.
    """
    kept, masks = kept or {}, masks or {}
    edits: dict[int, Edit] = {}
    axes: dict[str, Axes] = {}
    renewed: set[str] = set()
    _check_found(graph, kept, masks)
    masked = {
        weight
        for weight, sources in graph.sources.items()
        if any(s.parameter in masks for s in sources)
    }
    for place, node in enumerate(graph.nodes):
        view = NodeView(node, graph, axes, kept)
        new = any(name in renewed or name in masked for name in node.input)
        if view.any_cut():
            edits[place] = edit = _edit(view)
            new = new or edit.mixes
            for name, left in zip(node.output, edit.outputs, strict=True):
                if is_cut(left):
                    axes[name] = left
        if new:
            renewed.update(node.output)
    for name in graph.outputs:
        if name in axes:
            raise CutError(
                f"output {name!r} of the graph must stay whole, but slices of it would go. "
                "Leave the layer that makes it as it is."
            )
    return Cut(graph, edits, axes, frozenset(renewed), masks)


def _edit(view: NodeView) -> Edit:
    try:
        return edit_of(view)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CutError):
            raise
        raise view.refuse(f"what reaches it does not fit together: {error}") from error


def _check_found(graph: OnnxGraph, kept: KeptByName, masks: WeightMasks) -> None:
    """Weights that make channels must be in the graph by name, or their removal would be lost."""
    known = {source.parameter for sources in graph.sources.values() for source in sources}
    for name in masks:
        if name not in known:
            raise CutError(
                f"parameter {name!r} is to be masked, but no weight of the graph comes from it. "
                "Export the pruned module instead."
            )
