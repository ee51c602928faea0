"""Images and labels from NumPy arrays, as people store them."""

from math import isfinite

import numpy as np
import torch
from torch import Tensor

from workbench.data.normalization import Normalization
from workbench.data.splits import ArraySplit
from workbench.errors import DataError

COLOUR_COUNTS = (1, 3, 4)  # grey, RGB, RGB with alpha


def array_split(
    images: np.ndarray, labels: np.ndarray, *, names: tuple[str, str], where: str
) -> ArraySplit:
    """Check a pair of arrays and make a split of them, not normalised yet.

    Args:
        images: uint8, or floating point; ``(N, H, W)``, ``(N, H, W, C)`` or ``(N, C, H, W)``.
        labels: Integers, ``(N,)`` or ``(N, 1)``.
        names: What to call the two in messages, such as ``("x_train", "y_train")``.
        where: Where they come from, such as a path.

    Raises:
        DataError: If one is empty or of the wrong type or shape, if their lengths differ, or if
            an image holds NaN or infinite values.
    """
    tensor = _images(images, names[0], where)
    classes = _labels(labels, names[1], where)
    if len(tensor) != len(classes):
        raise DataError(
            f"{names[0]} and {names[1]} must be equally long, got {len(tensor):,} images and "
            f"{len(classes):,} labels in {where}. Store one label for each image."
        )
    return ArraySplit(tensor, classes)


def normalized(
    split: ArraySplit, normalization: Normalization | None, *, name: str, where: str
) -> ArraySplit:
    """The split with a normalisation, which is made for images in [0, 1].

    Raises:
        DataError: If float images lie outside [0, 1]: they are normalised already, or not
            scaled yet.
    """
    if normalization is None:
        return split
    if split.images.is_floating_point():
        low, high = split.images.min().item(), split.images.max().item()
        if low < 0 or high > 1:
            raise DataError(
                f"normalize is for images scaled to [0, 1], got {name} from {low:.4g} to "
                f"{high:.4g} in {where}. Leave normalize out if they are normalised already; "
                "scale them, or store uint8, if they are not."
            )
    return ArraySplit(split.images, split.labels, normalization)


def _images(array: np.ndarray, name: str, where: str) -> Tensor:
    if array.ndim not in (3, 4):
        raise DataError(
            f"{name} must have shape (N, H, W), (N, H, W, C) or (N, C, H, W), got "
            f"{array.shape} in {where}. Reshape it to images."
        )
    if array.size == 0:
        raise DataError(
            f"{name} must hold at least one image, got shape {array.shape} in {where}. "
            "Store the images in it."
        )
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise DataError(
            f"{name} must be uint8 (0 to 255) or floating point, got {array.dtype} in {where}. "
            f"Store {name}.astype('uint8'), or floats in the range the model expects."
        )
    if array.dtype == np.uint8:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
    else:
        tensor = torch.from_numpy(array.astype(np.float32, copy=False))
        _check_finite(tensor, name, where)
    if array.ndim == 3:
        return tensor.unsqueeze(1)
    return tensor.permute(0, 3, 1, 2) if _is_channels_last(array) else tensor


def _is_channels_last(array: np.ndarray) -> bool:
    last, first = array.shape[3] in COLOUR_COUNTS, array.shape[1] in COLOUR_COUNTS
    if last != first:
        return last
    # The shape leaves it open. Pictures come as uint8 with channels last, what a network's
    # preprocessing wrote as floats with channels first.
    return bool(array.dtype == np.uint8)


def _check_finite(images: Tensor, name: str, where: str) -> None:
    # A sum is not finite when any value is not, and needs no second array of the same size.
    if isfinite(images.sum(dtype=torch.float64).item()):
        return
    bad = (~torch.isfinite(images)).flatten(1).any(1).nonzero().flatten()
    raise DataError(
        f"{name} must be finite, got NaN or infinite values in {len(bad):,} of "
        f"{len(images):,} images, first in number {int(bad[0])}, in {where}. Remove or repair them."
    )


def _labels(array: np.ndarray, name: str, where: str) -> Tensor:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{name} must hold one class index for each image, shape (N,), got {array.shape} in "
            f"{where}. For one-hot labels store {name}.argmax(axis=1)."
        )
    if array.size == 0:
        raise DataError(
            f"{name} must hold at least one label, got shape {array.shape} in {where}. "
            "Store the class of every image in it."
        )
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{name} must hold integers, the class indices from 0, got {array.dtype} in {where}. "
            f"Store {name}.astype('int64') if they are class indices."
        )
    return torch.from_numpy(array.astype(np.int64))
