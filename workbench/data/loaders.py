"""Your own DataLoaders, or plain torch data sets."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
)
from torch.utils.data import Dataset as TorchDataset

from workbench.data.assembly import assemble
from workbench.data.dataset import Dataset
from workbench.data.loader_split import LoaderSplit
from workbench.data.splits import in_memory
from workbench.errors import DataError

EXPECTED = (
    "Pass (train, held_out) or (train, validation, test), each a DataLoader or a map-style "
    "torch data set."
)
TITLES = {2: ("train", "held-out"), 3: ("train", "validation", "test")}


def open_loaders(
    loaders: Sequence[object], *, seed: int = 0, probe_size: int | None = None
) -> Dataset:
    """Open two or three loaders or map-style data sets, whose inputs are already normalised.

    Of two, the second holds all that training does not see: validation is taken from it.

    Raises:
        DataError: If they are not two or three of these, if one is empty, or gives anything
            but finite floating-point inputs of one shape with integer labels.
    """
    if len(loaders) not in TITLES:
        raise DataError(f"loaders must be two or three, got {len(loaders)}. {EXPECTED}")
    titles = TITLES[len(loaders)]
    splits, notes = [], []
    for loader, title in zip(loaders, titles, strict=True):
        split, about = _split_of(loader, f"the {title} loader")
        splits.append(split)
        notes += about
    shape = _common_shape(splits)
    train, *held = splits
    source = _innermost(train.dataset)
    dataset = assemble(
        type(source).__name__,
        train=train,
        validation=held[0] if len(held) == 2 else None,
        test=held[-1],
        input_shape=shape,
        classes=_class_names(source),
        where="your loaders",
        seed=seed,
        probe_size=probe_size,
        notes=tuple(notes),
    )
    # Read anew for every preview, the probe images would be decoded anew for every preview.
    return dataclasses.replace(dataset, probe=in_memory(dataset.probe))


def _split_of(loader: object, where: str) -> tuple[LoaderSplit, list[str]]:
    if isinstance(loader, TorchDataset) and not isinstance(loader, IterableDataset):
        _check_length(loader, where)
        return LoaderSplit(loader, DataLoader(loader), where), []
    if not isinstance(loader, DataLoader):
        raise DataError(f"{where} must be a DataLoader, got a {type(loader).__name__}. {EXPECTED}")
    dataset: Any = loader.dataset
    if isinstance(dataset, IterableDataset):
        raise DataError(
            f"{where} must have a map-style data set, got the iterable "
            f"{type(dataset).__name__}: its inputs cannot be chosen or shuffled. {EXPECTED}"
        )
    if loader.batch_size is None and loader.batch_sampler is None:
        raise DataError(
            f"{where} must batch single inputs itself, got batch_size=None. Let the data set give "
            "single inputs, and set a batch_size."
        )
    notes = []
    if isinstance(loader.sampler, SubsetRandomSampler):
        dataset = Subset(dataset, list(loader.sampler.indices))
    elif not isinstance(loader.sampler, SequentialSampler | RandomSampler):
        notes.append(
            f"The {type(loader.sampler).__name__} of {where} is not used: every input is read once."
        )
    _check_length(dataset, where)
    return LoaderSplit(dataset, loader, where), notes


def _check_length(dataset: Any, where: str) -> None:
    try:
        length = len(dataset)
    except (TypeError, NotImplementedError):
        raise DataError(
            f"{where} must have a data set with a length, got {type(dataset).__name__} without "
            "one. Give it a __len__ method."
        ) from None
    if length == 0:
        raise DataError(f"{where} must hold at least one input, got 0. Check its data set.")


def _common_shape(splits: Sequence[LoaderSplit]) -> tuple[int, ...]:
    shapes = []
    for split in splits:
        inputs, _ = next(split.batches(1))
        shapes.append(tuple(inputs.shape[1:]))
    for split, shape in zip(splits, shapes, strict=True):
        if shape != shapes[0]:
            raise DataError(
                f"inputs must have one shape everywhere, got {shape} from {split.where} and "
                f"{shapes[0]} from {splits[0].where}. Resize them in the transform."
            )
    return shapes[0]


def _innermost(dataset: Any) -> Any:
    return _innermost(dataset.dataset) if isinstance(dataset, Subset) else dataset


def _class_names(dataset: Any) -> tuple[str, ...] | None:
    names = getattr(dataset, "classes", None)
    if isinstance(names, list | tuple) and names and all(isinstance(n, str) for n in names):
        return tuple(names)
    return None
