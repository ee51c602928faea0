"""Which slices of the original parameters a pruned model still has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """Kept indices by parameter name and dimension, in the dense model's numbering.

    Dimensions that are whole are left out: the dense model's structure is empty.
    """

    kept: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: ChannelGraph, kept: Kept, shapes: Shapes) -> "Structure":
        """The structure in which only these channels are left."""
        left: dict[str, dict[int, np.ndarray]] = {}
        for group in graph.groups:
            if group.name not in kept or kept[group.name].all():
                continue
            gone = ~kept[group.name]
            for member in group.members:
                flags = left.setdefault(member.parameter, {}).setdefault(
                    member.dim, np.ones(shapes[member.parameter][member.dim], bool)
                )
                flags[member.indices[gone]] = False
        return cls(
            {
                name: {dim: np.flatnonzero(flags) for dim, flags in dims.items()}
                for name, dims in left.items()
            }
        )

    def positions_in(self, larger: "Structure") -> "Structure":
        """Where this structure's slices lie in a model that has the slices of `larger`."""
        return Structure(
            {
                name: {
                    dim: np.searchsorted(before, indices)
                    if (before := larger.kept.get(name, {}).get(dim)) is not None
                    else indices
                    for dim, indices in dims.items()
                }
                for name, dims in self.kept.items()
            }
        )

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

    def to_json(self) -> dict[str, dict[str, list[int]]]:
        """Plain data."""
        return {
            name: {str(dim): indices.tolist() for dim, indices in dims.items()}
            for name, dims in self.kept.items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, list[int]]]) -> "Structure":
        """The inverse of `to_json`."""
        return cls(
            {
                name: {int(dim): np.array(indices) for dim, indices in dims.items()}
                for name, dims in data.items()
            }
        )
