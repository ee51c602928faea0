"""Which slices of the original parameters a pruned model still has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from workbench.graph.groups import ChannelGraph

Kept = Mapping[str, np.ndarray]
"""By unit name: bool per original channel or weight, True = keep. Units left out are whole."""

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of every parameter and buffer of the dense model, by name."""


def tensor_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shapes of a module's parameters and buffers, by name."""
    tensors = [*module.named_parameters(), *module.named_buffers()]
    return {name: tuple(tensor.shape) for name, tensor in tensors}


@dataclass(frozen=True)
class Structure:
    """What is left of a dense model, in its own numbering.

    Whole dimensions are left out: the dense model's structure is empty.

    Attributes:
        kept: Indices that are left, by parameter name and dimension.
        scales: Factors on the rows of a parameter, by name, shape ``(rows of the dense
            parameter,)``: they make up for a scale that the code derives from a width.
        attributes: Sizes that modules keep as plain numbers, by module path and name.
    """

    kept: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)
    scales: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: ChannelGraph, kept: Kept, shapes: Shapes) -> "Structure":
        """The structure in which only these channels are left."""
        cut = [g for g in graph.groups if g.name in kept and not kept[g.name].all()]
        left: dict[str, dict[int, np.ndarray]] = {}
        scales: dict[str, np.ndarray] = {}
        for group in cut:
            gone = ~kept[group.name]
            for member in group.members:
                flags = left.setdefault(member.parameter, {}).setdefault(
                    member.dim, np.ones(shapes[member.parameter][member.dim], bool)
                )
                flags[member.indices[gone]] = False
            for rescale in group.rescales:
                factors = np.ones(shapes[rescale.parameter][0])
                factors[rescale.rows] = np.sqrt(kept[group.name].mean())
                scales[rescale.parameter] = scales.get(rescale.parameter, 1.0) * factors
        indices = {
            name: {dim: np.flatnonzero(flags) for dim, flags in dims.items()}
            for name, dims in left.items()
        }
        return cls(indices, scales, _attributes(graph, indices, shapes))

    def channels(self, graph: ChannelGraph) -> dict[str, np.ndarray]:
        """The inverse of `of`: which channels are left, by group name; whole groups left out."""
        channels: dict[str, np.ndarray] = {}
        for group in graph.groups:
            for member in group.members:
                left = self.kept.get(member.parameter, {}).get(member.dim)
                if left is not None:
                    channels[group.name] = np.asarray(np.isin(member.indices, left).all(1))
                    break
        return {name: flags for name, flags in channels.items() if not flags.all()}

    def shape(self, name: str, dense: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of a parameter under this structure."""
        dims = self.kept.get(name, {})
        return tuple(len(dims[d]) if d in dims else size for d, size in enumerate(dense))

    def present(self, name: str, dense: tuple[int, ...]) -> np.ndarray:
        """Which elements of a dense parameter are left, flat, shape ``(numel,)``, bool."""
        flags = np.ones(dense, bool)
        for dim, indices in self.kept.get(name, {}).items():
            left = np.zeros(dense[dim], bool)
            left[indices] = True
            flags &= left.reshape(-1, *[1] * (len(dense) - dim - 1))
        return flags.ravel()

    def positions(self, name: str, dim: int, current: "Structure") -> np.ndarray:
        """Where this structure's indices lie in a model that has the slices of `current`."""
        before = current.kept.get(name, {}).get(dim)
        indices = self.kept[name][dim]
        return indices if before is None else np.searchsorted(before, indices)

    def row_factors(self, name: str, current: "Structure") -> np.ndarray | None:
        """Factors on the rows that are left, relative to those already in `current`."""
        if name not in self.scales:
            return None
        factors = self.scales[name] / current.scales.get(name, 1.0)
        rows = self.kept.get(name, {}).get(0)
        return np.asarray(factors if rows is None else factors[rows])

    def to_json(self) -> dict[str, Any]:
        """Plain data; without the scales, which are in the weights by then."""
        kept = {
            name: {str(dim): indices.tolist() for dim, indices in dims.items()}
            for name, dims in self.kept.items()
        }
        return {"kept": kept, "attributes": {k: dict(v) for k, v in self.attributes.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Structure":
        """The inverse of `to_json`."""
        return cls(
            kept={
                name: {int(dim): np.array(indices) for dim, indices in dims.items()}
                for name, dims in data["kept"].items()
            },
            attributes=data["attributes"],
        )


def _attributes(
    graph: ChannelGraph, kept: Mapping[str, Mapping[int, np.ndarray]], shapes: Shapes
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for size in graph.sizes:
        left = kept.get(size.parameter, {}).get(size.dim)
        length = shapes[size.parameter][size.dim] if left is None else len(left)
        found.setdefault(size.module, {})[size.attribute] = length // size.per
    return found
