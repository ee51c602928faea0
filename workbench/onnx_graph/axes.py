"""What is left of a value, axis by axis."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
"""Positions that are left along one axis, ascending."""

Axes = tuple[Indices | None, ...]
"""For every axis of a value what is left of it; None where it is whole."""

Shape = tuple[int | str, ...]
"""Sizes of a value; a free one, such as the batch, is a name."""

KeptByName = Mapping[str, Mapping[int, Indices]]
"""Indices that are left, by parameter name and dimension."""


def is_cut(axes: Axes) -> bool:
    """Whether anything is missing."""
    return any(left is not None for left in axes)


def alike(first: Indices | None, second: Indices | None) -> bool:
    """Whether the same is left of two axes of one size."""
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def left_of(flags: NDArray[np.bool_]) -> Indices | None:
    """The indices that are set; None if all are."""
    return None if flags.all() else np.flatnonzero(flags)


def flags_of(left: Indices | None, size: int) -> NDArray[np.bool_]:
    """Bool per position: whether it is left."""
    flags = np.full(size, left is None)
    if left is not None:
        flags[left] = True
    return flags


def block_flags(axes: Axes, sizes: Sequence[int]) -> NDArray[np.bool_]:
    """Bool per element of a value with these sizes: whether it is left."""
    flags = np.ones(tuple(sizes), bool)
    for axis, (left, size) in enumerate(zip(axes, sizes, strict=True)):
        if left is not None:
            along = flags_of(left, size).reshape(-1, *[1] * (len(sizes) - axis - 1))
            flags &= along
    return flags


def axes_of_block(flags: NDArray[np.bool_]) -> Axes | None:
    """What is left of every axis; None if what is left is no block of whole slices."""
    axes = []
    for axis in range(flags.ndim):
        others = tuple(other for other in range(flags.ndim) if other != axis)
        axes.append(left_of(np.asarray(flags.any(axis=others))))
    found = tuple(axes)
    return found if np.array_equal(block_flags(found, flags.shape), flags) else None
