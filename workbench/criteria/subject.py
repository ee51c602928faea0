"""What is scored: the channels of a model as it is now, and the weight of one layer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from torch import Tensor, nn

from workbench.graph.groups import Group, Member
from workbench.graph.structure import Structure

Alive = Mapping[str, np.ndarray]
"""By unit name, bool per original channel or weight: what the current model still has."""


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a model that may have lost some already.

    Attributes:
        module: The current model.
        groups: The groups of the dense model.
        alive: By group name, which of its channels are left.
        structure: Which slices of the dense parameters are left.
        seed: The plan's, for criteria that draw random numbers.
    """

    module: nn.Module
    groups: tuple[Group, ...]
    alive: Alive
    structure: Structure
    seed: int = 0

    @cached_property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The current parameters by name."""
        return dict(self.module.named_parameters())

    def of(self, module: nn.Module) -> "Channels":
        """The same channels of a copy of the model."""
        return replace(self, module=module)

    def left(self, group: Group) -> int:
        """How many channels of a group are left."""
        return int(self.alive[group.name].sum())

    def members(self, group: Group, *roles: str) -> Iterator[tuple[Member, nn.Parameter]]:
        """A group's members of these roles, those that are buffers left out, with the tensor."""
        for member in group.members:
            if member.role in roles and member.parameter in self.parameters:
                yield member, self.parameters[member.parameter]

    def places(self, group: Group, member: Member) -> np.ndarray:
        """Where the channels left lie in the current tensor, shape ``(left, slices)``."""
        original = member.indices[self.alive[group.name]]
        kept = self.structure.kept.get(member.parameter, {}).get(member.dim)
        return original if kept is None else np.searchsorted(kept, original)


@dataclass(frozen=True, eq=False)
class LayerWeight:
    """The weight of a layer that may have lost some already.

    Attributes:
        layer: The layer's name.
        parameter: The weight's name among the model's parameters; empty if it is computed.
        values: The weight as it is now, removed weights zero.
        present: Flat bool over the dense weight: which of its elements `values` holds.
        seed: The plan's, for criteria that draw random numbers.
    """

    layer: str
    parameter: str
    values: Tensor
    present: np.ndarray
    seed: int = 0
