"""One `Dataset` out of the splits that a source has, whatever the source."""

from collections.abc import Sequence

from torch import Tensor

from workbench.data.dataset import Dataset
from workbench.data.heldout import carve_validation, probe_of
from workbench.data.splits import IndexedSplit
from workbench.errors import DataError

LISTED = 10
MOST_CLASSES = 1000


def assemble(
    name: str,
    *,
    train: IndexedSplit,
    validation: IndexedSplit | None,
    test: IndexedSplit,
    input_shape: tuple[int, ...],
    classes: Sequence[str] | None,
    where: str,
    seed: int,
    probe_size: int | None,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Check the labels of all splits, take validation from test if there is none, and probe.

    Args:
        name: What a person calls the data.
        train, validation, test: The splits; without `validation` it is taken from `test`.
        input_shape: Shape of one input.
        classes: Class names; without them classes are numbered up to the largest training label.
        where: Where the data come from, for messages.
        seed: For the choice of validation and probe images.
        probe_size: Size of the probe set, if not the usual one.
        notes: Sentences to put before those that arise here.

    Raises:
        DataError: If a label is out of range, or there are too few held-out images.
    """
    names = tuple(classes) if classes is not None else _numbered_classes(train.labels, where)
    for title, split in (("train", train), ("validation", validation), ("test", test)):
        if split is not None:
            _check_range(split.labels, len(names), title, where)
    notes += _notes_on_classes(train.labels, names)
    held: IndexedSplit = test
    if validation is None:
        validation, held, carved = carve_validation(test, seed=seed)
        notes += carved
    probe, on_probe = probe_of(validation, probe_size, seed=seed)
    return Dataset(
        name, names, input_shape, train, validation, held, probe, notes=(*notes, *on_probe)
    )


def _numbered_classes(labels: Tensor, where: str) -> tuple[str, ...]:
    largest, bound = int(labels.max()), max(MOST_CLASSES, len(labels))
    if largest >= bound:
        raise DataError(
            f"training labels must be class indices below {bound:,}, got {largest} in {where}. "
            "Number the classes from 0, without gaps."
        )
    return tuple(str(index) for index in range(largest + 1))


def _check_range(labels: Tensor, count: int, title: str, where: str) -> None:
    wrong = ((labels < 0) | (labels >= count)).nonzero().flatten()
    if len(wrong):
        first = int(wrong[0])
        raise DataError(
            f"{title} labels must be in 0 to {count - 1}, the classes known from training, got "
            f"{int(labels[first])} at position {first} of {where}. Number the classes from 0, and "
            "use the same numbers in every split."
        )


def _notes_on_classes(labels: Tensor, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) == 1:
        return (
            f"There is one class only, {names[0]!r}: every accuracy is 100 % and means nothing.",
        )
    empty = (labels.bincount(minlength=len(names)) == 0).nonzero().flatten().tolist()
    if not empty:
        return ()
    listed = ", ".join(names[index] for index in empty[:LISTED])
    more = f" and {len(empty) - LISTED} more" if len(empty) > LISTED else ""
    return (f"No training image for {len(empty)} of {len(names)} classes: {listed}{more}.",)
