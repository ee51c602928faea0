"""Group lasso: everything that belongs to a channel shrinks together, until it can go."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workbench.criteria.subject import Channels
from workbench.errors import TrainingError
from workbench.graph.groups import Group
from workbench.training.regularization.base import Penalty

TINY = 1e-12
"""Under the root, whose slope at 0 is infinite."""


@dataclass(frozen=True, eq=False)
class _Slices:
    """Where the channels of a group lie in one parameter.

    Attributes:
        parameter, dim: The parameter and its dimension.
        places: Shape ``(channels, slices)``, int64.
    """

    parameter: str
    dim: int
    places: Tensor

    def sums(self, squares: Tensor) -> Tensor:
        """Sums of a parameter's squares over each channel, shape ``(channels,)``."""
        rows = squares.movedim(self.dim, 0)
        per_slice = rows.flatten(1).sum(1) if rows.dim() > 1 else rows
        return per_slice[self.places.to(per_slice.device)].sum(1)


def group_lasso(module: nn.Module, channels: Channels | None) -> Penalty:
    """``sum over channels of sqrt(n) ||w||_2``, over every parameter slice a channel owns.

    Here w are the n weights that make a channel, act on it, or read it, as they would be removed
    together. With the producers alone, a norm behind them would undo the shrinking.

    Raises:
        TrainingError: If no group of channels can be removed.

    Reference:
        Wen et al., Learning Structured Sparsity in Deep Neural Networks, arXiv:1608.03665.
    """
    groups = [] if channels is None else [g for g in channels.groups if g.prunable]
    if channels is None or not groups:
        raise TrainingError(
            "regularization 'group-lasso' needs at least 1 group of channels that can be removed, "
            "and this model has 0. Use regularization='bn-scale'."
        )
    slices = [_slices(channels, group) for group in groups]
    shapes = {name: tensor.shape for name, tensor in channels.parameters.items()}
    sizes = [sum(_per_channel(part, shapes[part.parameter]) for part in own) for own in slices]

    def penalty(trained: nn.Module) -> Tensor:
        squares = {
            name: trained.get_parameter(name).square()
            for name in {part.parameter for own in slices for part in own}
        }
        norms = [
            size**0.5 * (_sum(own, squares) + TINY).sqrt().sum()
            for size, own in zip(sizes, slices, strict=True)
        ]
        return torch.stack(norms).sum()

    return penalty


def _slices(channels: Channels, group: Group) -> list[_Slices]:
    return [
        _Slices(member.parameter, member.dim, torch.from_numpy(channels.places(group, member)))
        for member, _ in channels.members(group, "output", "elementwise", "input")
    ]


def _per_channel(part: _Slices, shape: torch.Size) -> int:
    return part.places.shape[1] * shape.numel() // shape[part.dim]


def _sum(own: list[_Slices], squares: dict[str, Tensor]) -> Tensor:
    return torch.stack([part.sums(squares[part.parameter]) for part in own]).sum(0)
