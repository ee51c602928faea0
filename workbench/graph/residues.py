"""What masked channels leave behind: 0 where they are made, but 0.5 after a sigmoid.

Layers that read such a channel have zero weights for it, so they do not notice. Operators that
sum over channels themselves do: there, masking would not be removing.
"""

import numpy as np
import torch
from torch import Tensor

from workbench.graph.ids import NO_CHANNEL, ChannelIds, narrow_expanded
from workbench.graph.reasons import Reason

_SAME_CHANNEL = Reason("it is the same channel")


class Residues:
    """Marks the ids of channels that are not 0 when masked, by other ids of the same classes."""

    def __init__(self, ids: ChannelIds) -> None:
        self._ids = ids
        self._marked: dict[int, int] = {}
        self._plain: dict[int, int] = {}
        self._flags: np.ndarray | None = None  # by id, kept until something is marked

    def mark(self, ids: Tensor) -> Tensor:
        """The ids of these channels where they are not 0 when masked."""
        found = _distinct(ids)
        new = found[[number not in self._marked and number not in self._plain for number in found]]
        marked = self._ids.fresh(len(new))
        self._ids.unite(torch.from_numpy(new), marked, _SAME_CHANNEL)
        self._marked |= dict(zip(new.tolist(), marked.tolist(), strict=True))
        self._flags = None
        self._plain |= dict(zip(marked.tolist(), new.tolist(), strict=True))
        return _mapped(ids, self._marked)

    def clear(self, ids: Tensor) -> Tensor:
        """The ids of these channels where they are 0 when masked."""
        return _mapped(ids, self._plain)

    def marked(self, ids: Tensor) -> Tensor:
        """Which of these are not 0 when masked: bool, the shape of `ids`."""
        (compact,) = narrow_expanded(ids)
        if self._flags is None or len(self._flags) <= self._ids.count:
            self._flags = np.zeros(2 * self._ids.count + 1, bool)
            self._flags[list(self._plain)] = True
        return torch.from_numpy(self._flags[compact.numpy().clip(min=NO_CHANNEL)]).expand(ids.shape)


def _distinct(ids: Tensor) -> np.ndarray:
    (compact,) = narrow_expanded(ids)
    found = np.unique(compact.numpy())
    return np.asarray(found[found > NO_CHANNEL])


def _mapped(ids: Tensor, other: dict[int, int]) -> Tensor:
    if not other:
        return ids
    (compact,) = narrow_expanded(ids)
    found, places = np.unique(compact.numpy(), return_inverse=True)
    images = np.array([other.get(number, number) for number in found.tolist()], np.int64)
    return torch.from_numpy(images[places].reshape(compact.shape)).expand(ids.shape)
