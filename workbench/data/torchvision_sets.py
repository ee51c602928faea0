"""Torchvision's small image sets, by name, downloaded once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torchvision import datasets

from workbench.data.arrays import array_split, normalized
from workbench.data.assembly import assemble
from workbench.data.dataset import Dataset
from workbench.data.location import DATA_DIRECTORY_VARIABLE, cache_directory
from workbench.data.normalization import Normalize, read_normalization
from workbench.data.splits import ArraySplit
from workbench.errors import DataError

# All of these keep their images in memory and are made as (root, train, download).
SETS: dict[str, Callable[..., Any]] = {
    "cifar10": datasets.CIFAR10,
    "cifar100": datasets.CIFAR100,
    "fashion_mnist": datasets.FashionMNIST,
    "kmnist": datasets.KMNIST,
    "mnist": datasets.MNIST,
    "usps": datasets.USPS,
}


def open_torchvision(
    name: str,
    *,
    normalize: Normalize | None = None,
    seed: int = 0,
    probe_size: int | None = None,
) -> Dataset:
    """Open one of `SETS`; what is neither cached nor in ``PRUNING_WORKBENCH_DATA`` is downloaded.

    Raises:
        DataError: If the download fails, or `normalize` does not fit the images.
    """
    train_set, test_set = (_load(name, train=train) for train in (True, False))
    train, test = (
        _split(name, part, title) for part, title in ((train_set, "train"), (test_set, "test"))
    )
    shape = tuple(train.images.shape[1:])
    normalization = read_normalization(normalize, shape[0])
    return assemble(
        name,
        train=normalized(train, normalization, name="train", where=name),
        validation=None,
        test=normalized(test, normalization, name="test", where=name),
        input_shape=shape,
        classes=getattr(train_set, "classes", None),
        where=name,
        seed=seed,
        probe_size=probe_size,
    )


def _load(name: str, *, train: bool) -> Any:
    cache = cache_directory()
    shared = os.environ.get(DATA_DIRECTORY_VARIABLE)
    for root in (*([Path(shared).expanduser()] if shared else []), cache):
        try:
            return SETS[name](root=root, train=train, download=False)
        except (OSError, RuntimeError):
            continue  # not there, or damaged: the next place, and then the download
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return SETS[name](root=cache, train=train, download=True)
    except (OSError, RuntimeError, EOFError) as error:  # URLError is an OSError
        raise DataError(
            f"data set {name!r} is not in {cache} and could not be downloaded: {error}. "
            f"Connect to the network once, set {DATA_DIRECTORY_VARIABLE} to a directory that "
            "holds torchvision's copy, or open a file with 'npz:<path>'."
        ) from error


def _split(name: str, part: Any, title: str) -> ArraySplit:
    return array_split(
        np.asarray(part.data),
        np.asarray(part.targets),
        names=(f"{title} images", f"{title} labels"),
        where=name,
    )
