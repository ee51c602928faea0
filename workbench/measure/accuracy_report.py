"""Accuracy in detail: by class, by confusion, and on images that were corrupted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import nn

from workbench.data.balanced import balanced_indices
from workbench.data.dataset import Split
from workbench.data.splits import IndexedSplit, SubsetSplit
from workbench.errors import DataError
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.measure.corruptions import CORRUPTIONS, CorruptedSplit, Scale
from workbench.progress import SILENT, Monitor, Part

CORRUPTED_INPUTS = 2000
"""Corrupted are at most so many inputs, as many of each class as possible."""

_CLEAN_SHARE = 30


@dataclass(frozen=True, eq=False)
class AccuracyReport:
    """How well a model classifies a split.

    Attributes:
        top1, top5: Fraction of inputs whose label is the highest output, or among the five
            highest, in [0, 1]; `top5` is None with fewer than six classes.
        confusion: Inputs by label (rows) and predicted class (columns), shape
            ``(classes, classes)``, int64.
        corrupted: By corruption, the fraction classified right, in [0, 1].
        inputs, corrupted_inputs: How many there were, clean and of each corruption.
        notes: What is to be said of the corruptions.
    """

    top1: float
    top5: float | None
    confusion: np.ndarray = field(repr=False)
    corrupted: Mapping[str, float]
    inputs: int
    corrupted_inputs: int
    notes: tuple[str, ...] = ()

    @property
    def by_class(self) -> np.ndarray:
        """Fraction of each class's inputs classified right; nan for a class without inputs."""
        counts = self.confusion.sum(1)
        right = np.diagonal(self.confusion)
        shares = np.full(len(counts), np.nan)
        np.divide(right, counts, out=shares, where=counts > 0)
        return shares

    def most_confused(self, count: int) -> list[tuple[int, int, int]]:
        """The most frequent mistakes: label, predicted class, and how often."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:count]
        labels, predictions = np.unravel_index(order, wrong.shape)
        return [
            (int(label), int(predicted), int(wrong[label, predicted]))
            for label, predicted in zip(labels, predictions, strict=True)
            if wrong[label, predicted]
        ]


def accuracy_report(
    model: nn.Module,
    split: Split,
    classes: int,
    *,
    corruptions: Sequence[str] = tuple(CORRUPTIONS),
    device: torch.device | str = "cpu",
    seed: int = 0,
    monitor: Monitor = SILENT,
) -> AccuracyReport:
    """Classify a split as it is, and a balanced part of it corrupted.

    Args:
        model: Maps ``(B, *input_shape)`` to class scores ``(B, classes)``; already on `device`.
        split: Labelled inputs. If they are no images of one or three channels, nothing is
            corrupted and the notes say so.
        classes: How many there are.
        corruptions: Names of `CORRUPTIONS`.
        device: Where the inputs are sent.
        seed: Draws the part that is corrupted, and what is random in corruptions.
        monitor: Told after every batch.

    Raises:
        DataError: If a corruption is unknown, or the split does not fit the model.
        ModelError: If the output is not ``(B, classes)``, or is not a number.
        Cancelled: If the monitor says so.
    """
    for name in corruptions:
        if name not in CORRUPTIONS:
            raise DataError(f"a corruption must be one of {', '.join(CORRUPTIONS)}; got {name!r}.")
    clean = evaluate(model, split, device=device, monitor=Part(monitor, 0, _CLEAN_SHARE, 100))
    part = _part(split, seed)
    try:
        scale = Scale.of(part)
        notes = _notes(scale)
    except DataError as error:
        corruptions, notes = (), (str(error),)
    corrupted = {}
    for number, name in enumerate(corruptions):
        start, stop = (
            _CLEAN_SHARE + (100 - _CLEAN_SHARE) * at / len(corruptions)
            for at in (number, number + 1)
        )
        damaged = CorruptedSplit(part, CORRUPTIONS[name], scale, seed)
        rest = Part(monitor, start, stop, 100)
        corrupted[name] = evaluate(model, damaged, device=device, monitor=rest).accuracy
    return AccuracyReport(
        clean.accuracy,
        clean.top(5) if classes > 5 else None,
        _confusion(split, clean, classes),
        corrupted,
        clean.inputs,
        len(part) if corrupted else 0,
        notes,
    )


def _part(split: Split, seed: int) -> Split:
    """A balanced part where the split can be read at chosen places, else all of it."""
    if len(split) <= CORRUPTED_INPUTS or not hasattr(split, "batches_at"):
        return split
    return SubsetSplit(
        cast(IndexedSplit, split), balanced_indices(split.labels, CORRUPTED_INPUTS, seed=seed)
    )


def _notes(scale: Scale) -> tuple[str, ...]:
    if scale.known:
        return ()
    return (
        "The data's normalisation is not known: corruptions take the range of its numbers for that "
        "of the images. Open the data with normalize=((mean, ...), (std, ...)) to have them right.",
    )


def _confusion(split: Split, found: Evaluation, classes: int) -> np.ndarray:
    predictions = found.predictions.numpy()
    size = max(classes, int(predictions.max()) + 1)  # a model may know more classes than the data
    pairs = split.labels.cpu().numpy() * size + predictions
    return np.bincount(pairs, minlength=size * size).reshape(size, size)
