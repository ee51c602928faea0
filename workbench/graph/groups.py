"""Groups: channels of several layers that can only be removed together."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from workbench.graph.table import Role


@dataclass(frozen=True)
class Member:
    """One parameter dimension that a group reaches.

    Attributes:
        parameter: Name of the parameter or buffer.
        dim: The dimension along which channels lie.
        role: Whether the slice makes the channel (``"output"``), reads it (``"input"``), or
            acts on it alone (``"elementwise"``).
        indices: Shape ``(channels, slices per channel)``: where each channel lies in `dim`.
    """

    parameter: str
    dim: int
    role: Role
    indices: np.ndarray

    @property
    def layer(self) -> str:
        """Path of the module that owns the parameter."""
        return self.parameter.rpartition(".")[0]


@dataclass(frozen=True)
class Rescale:
    """Rows of a parameter to multiply by the square root of the share of channels kept.

    Attention that derives its scale from the width of its heads would change it with the width;
    the rows that make the queries make up for that.
    """

    parameter: str
    rows: np.ndarray


@dataclass(frozen=True)
class SizeAttribute:
    """A plain number in a module that has to follow the length of a parameter's dimension.

    Its value is that length divided by `per`.
    """

    module: str
    attribute: str
    parameter: str
    dim: int
    per: int = 1


@dataclass(frozen=True)
class Group:
    """Channels that share their members, and go one class at a time.

    Attributes:
        name: Its first producing layer; ``name#2`` when a layer feeds several groups.
        size: How many channels (classes) there are to keep or remove.
        layers: The layers that make these channels, in the order they run.
        members: Every parameter dimension reached.
        reason: Why nothing can be removed, in words; empty when it can.
        rescales: What to multiply when channels go.
    """

    name: str
    size: int
    layers: tuple[str, ...]
    members: tuple[Member, ...] = field(repr=False)
    reason: str = ""
    rescales: tuple[Rescale, ...] = field(default=(), repr=False)

    @property
    def prunable(self) -> bool:
        """Whether channels can be removed."""
        return not self.reason

    def refused(self, reason: str) -> "Group":
        """The same group, marked as not prunable."""
        return replace(self, reason=reason)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "size": self.size,
            "layers": list(self.layers),
            "reason": self.reason,
            "members": [
                {
                    "parameter": member.parameter,
                    "dim": member.dim,
                    "role": member.role,
                    "indices": member.indices.tolist(),
                }
                for member in self.members
            ],
        }


@dataclass(frozen=True)
class ChannelGraph:
    """Which channels of a model belong together.

    Attributes:
        groups: All groups, prunable or not, in the order their first layer runs.
        sizes: Plain numbers in modules that follow.
    """

    groups: tuple[Group, ...]
    sizes: tuple[SizeAttribute, ...] = ()

    @property
    def prunable(self) -> tuple[Group, ...]:
        """The groups channels can be removed from."""
        return tuple(group for group in self.groups if group.prunable)

    def group(self, name: str) -> Group:
        """A group by its name or by the name of one of its layers.

        Raises:
            KeyError: If there is none.
        """
        for group in self.groups:
            if group.name == name:
                return group
        for group in self.groups:
            if name in group.layers:
                return group
        raise KeyError(name)

    def refuse(self, reasons: dict[str, str]) -> "ChannelGraph":
        """The graph with these groups (by name) marked as not prunable."""
        groups = tuple(
            group.refused(reasons[group.name]) if group.name in reasons else group
            for group in self.groups
        )
        return replace(self, groups=groups)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data, one entry a group."""
        return [group.to_json() for group in self.groups]
