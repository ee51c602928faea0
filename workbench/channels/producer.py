"""Which layer speaks for a unit, and where each channel lies in its weight and its output."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from workbench.criteria.subject import Channels
from workbench.graph.groups import Group
from workbench.layers import TRANSPOSED
from workbench.pruned import PrunedModel

_BATCH_FIRST = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED)


@dataclass(frozen=True, eq=False)
class Producer:
    """The first layer that makes the channels of a unit.

    Attributes:
        layer: Its path in the model.
        module: The layer as it is now.
        weight: Its weight with the channels in front, shape ``(outputs, ...)``.
        numbers: Dense numbers of the channels that are left, rising.
        places: Where these lie in `weight` and in the output; of a channel that is several
            filters, the first.
        filters: Of how many filters one channel consists.
        channel_axis: Where channels lie in the output: 1 or -1; None if that is not known.
    """

    layer: str
    module: nn.Module
    weight: Tensor
    numbers: np.ndarray
    places: np.ndarray
    filters: int
    channel_axis: int | None

    @property
    def kernel_dims(self) -> int:
        """Dimensions of a kernel: 2 of an image convolution, 0 of a linear layer."""
        return self.weight.dim() - 2


def producer_of(model: PrunedModel, group: Group) -> Producer | None:
    """The first producing layer whose weight is stored; None if there is none."""
    channels = Channels(model.module, (group,), model.alive("channel"), model.structure)
    for layer in group.layers:
        for member, parameter in channels.members(group, "output"):
            if member.layer != layer or parameter.dim() < 2:
                continue
            module = model.module.get_submodule(layer)
            places = channels.places(group, member)
            return Producer(
                layer=layer,
                module=module,
                weight=parameter.detach().movedim(member.dim, 0),
                numbers=np.flatnonzero(channels.alive[group.name]),
                places=places[:, 0],
                filters=places.shape[1],
                channel_axis=_channel_axis(module),
            )
    return None


def _channel_axis(module: nn.Module) -> int | None:
    if isinstance(module, nn.Linear):
        return -1
    if isinstance(module, TRANSPOSED) and module.groups > 1:
        return None  # its weight holds the outputs of one part only
    return 1 if isinstance(module, _BATCH_FIRST) else None
