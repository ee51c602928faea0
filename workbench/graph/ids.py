"""Channel ids: the numbers the traced graph runs on, and what it learns about them.

An id tensor is an int64 tensor of an activation's shape: equal ids mark the same channel, and
0 marks what is no channel and cannot be removed. Two facts are collected: which ids can only be
removed together, and which cannot be removed at all, with the reason.
"""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from workbench.graph.reasons import Reason

NO_CHANNEL = 0
ANY_CHANNEL = -1
"""One value stretched over however many channels there are: no channel, and no obstacle."""


def narrow_expanded(*tensors: Tensor, keep: int | None = None) -> tuple[Tensor, ...]:
    """Cut every dimension along which all tensors repeat one value (stride 0) to length 1.

    Ids broadcast over an image's pixels cost as little as the channels alone. The dimension
    `keep` is left as it is.
    """
    cut = list(tensors)
    for dim in range(tensors[0].dim()):
        if dim != keep and all(t.stride(dim) == 0 or t.shape[dim] == 1 for t in tensors):
            cut = [t.narrow(dim, 0, 1) if t.shape[dim] > 1 else t for t in cut]
    return tuple(cut)


def varies(ids: Tensor, *dims: int) -> bool:
    """Whether ids differ along any of these dimensions."""
    (compact,) = narrow_expanded(ids)
    return any(bool((compact != compact.narrow(dim, 0, 1)).any()) for dim in dims)


def has_channel(ids: Tensor) -> bool:
    """Whether any of these ids is a channel."""
    (compact,) = narrow_expanded(ids)
    return bool((compact > NO_CHANNEL).any())


def same_ids(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors of one shape hold the same ids."""
    one, other = narrow_expanded(first, second)
    return torch.equal(one, other)


class ChannelIds:
    """Hands out ids and remembers what was found out about them."""

    def __init__(self) -> None:
        self._count = 0
        self._united: list[np.ndarray] = []
        self._pinned: list[tuple[np.ndarray, Reason]] = []

    @property
    def count(self) -> int:
        """How many ids were handed out; they run from 1 to `count`."""
        return self._count

    def fresh(self, count: int) -> Tensor:
        """`count` new ids, shape ``(count,)``."""
        ids = torch.arange(self._count + 1, self._count + 1 + count)
        self._count += count
        return ids

    def pin(self, ids: Tensor, reason: Reason) -> None:
        """Say that these ids cannot be removed."""
        (ids,) = narrow_expanded(ids)
        found = np.unique(ids.numpy())
        found = found[found > NO_CHANNEL]
        if found.size:
            self._pinned.append((found, reason))

    def unite(self, first: Tensor, second: Tensor, reason: Reason) -> None:
        """Say that ids at the same place of two tensors of one shape are removed together.

        An id that meets `NO_CHANNEL` is pinned, for `reason`.
        """
        first, second = narrow_expanded(first, second)
        left, right = first.numpy().ravel(), second.numpy().ravel()
        differ = (left != right) & (left != ANY_CHANNEL) & (right != ANY_CHANNEL)
        left, right = left[differ], right[differ]
        if not left.size:
            return
        keys = np.unique(left * np.int64(self._count + 1) + right)
        pairs = np.stack(np.divmod(keys, self._count + 1))
        loose = (pairs == NO_CHANNEL).any(axis=0)
        if loose.any():
            self._pinned.append((pairs[:, loose].max(axis=0), reason))
        if not loose.all():
            self._united.append(pairs[:, ~loose])

    def unite_along(self, ids: Tensor, keep: tuple[int, ...], reason: Reason) -> Tensor:
        """Unite the ids along every dimension but `keep`; return those at index 0 of the others.

        Returns:
            Ids, shape: the sizes of the dimensions `keep`, in their order in `ids`.
        """
        first = ids
        for dim in range(ids.dim()):
            if dim not in keep:
                first = first.narrow(dim, 0, 1)
        self.unite(ids, first.expand_as(ids), reason)
        return first.reshape([ids.shape[dim] for dim in keep])

    def classes(self) -> np.ndarray:
        """The class of every id: ids of one class are removed together. Shape ``(count + 1,)``.

        Entry 0, for `NO_CHANNEL`, is a class of its own.
        """
        pairs = np.concatenate([np.zeros((2, 0), np.int64), *self._united], axis=1)
        size = self._count + 1
        links = coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), (size, size))
        return np.asarray(connected_components(links, directed=False)[1])

    def pinned_classes(self, classes: np.ndarray) -> dict[int, Reason]:
        """The classes that cannot be removed, each with the first reason found."""
        pinned: dict[int, Reason] = {int(classes[NO_CHANNEL]): Reason("not a channel")}
        for ids, reason in self._pinned:
            for number in np.unique(classes[ids]).tolist():
                pinned.setdefault(number, reason)
        return pinned
