"""Validation, test and probe set out of what a data source offers."""

import torch
from torch import Tensor

from workbench.data.balanced import balanced_indices
from workbench.data.dataset import Dataset, Split
from workbench.data.splits import IndexedSplit, SubsetSplit
from workbench.errors import DataError

VALIDATION_SIZE = 1000
SMALL_TEST_SET = 5000
PROBE_SIZE = 512


def carve_validation(
    heldout: IndexedSplit, *, seed: int
) -> tuple[SubsetSplit, SubsetSplit, tuple[str, ...]]:
    """Divide the only held-out images into validation and test.

    1,000 class-balanced images become validation, or a fifth where there are fewer than 5,000.

    Returns:
        Validation, test, and a note that says what was done.

    Raises:
        DataError: If there are fewer than two images.
    """
    total = len(heldout)
    if total < 2:
        raise DataError(
            f"the held-out images must be at least 2, to be divided into validation and test, "
            f"got {total}. Add test images, or pass validation and test separately."
        )
    small = total < SMALL_TEST_SET
    count = max(1, total // 5) if small else VALIDATION_SIZE
    chosen = balanced_indices(heldout.labels, count, seed=seed)
    rest = _complement(chosen, total)
    size = f"{count:,}" + (
        f" (a fifth, as there are fewer than {SMALL_TEST_SET:,})" if small else ""
    )
    note = (
        f"There is no validation split of its own: {size} class-balanced images of the "
        f"{total:,} test images are used as validation, and results are reported on the "
        f"remaining {len(rest):,}."
    )
    return SubsetSplit(heldout, chosen), SubsetSplit(heldout, rest), (note,)


def probe_of(
    validation: IndexedSplit, probe_size: int | None, *, seed: int
) -> tuple[SubsetSplit, tuple[str, ...]]:
    """Choose the probe set: 512 class-balanced validation images, or `probe_size`.

    Returns:
        The probe set, and a note where fewer images exist than were asked for.

    Raises:
        DataError: If `probe_size` is below 1.
    """
    if probe_size is not None and probe_size < 1:
        raise DataError(
            f"probe_size must be at least 1, got {probe_size}. Leave it out to use {PROBE_SIZE}."
        )
    count = PROBE_SIZE if probe_size is None else probe_size
    notes: tuple[str, ...] = ()
    if probe_size is not None and probe_size > len(validation):
        notes = (
            f"The probe set was to have {probe_size:,} images; validation has only "
            f"{len(validation):,}, and all of them are used.",
        )
    positions = balanced_indices(validation.labels, count, seed=seed)
    return SubsetSplit(validation, positions), notes


def official_test(dataset: Dataset) -> Split:
    """The complete test set, as it was published, for comparison with published figures.

    Where validation was taken from the test images this is both together, in their original
    order; otherwise it is the test split. Say so beside a figure that was measured on it: the
    validation images in it have guided the pruning.
    """
    validation, test = dataset.validation, dataset.test
    if (
        isinstance(validation, SubsetSplit)
        and isinstance(test, SubsetSplit)
        and validation.parent is test.parent
    ):
        return test.parent
    return test


def _complement(chosen: Tensor, total: int) -> Tensor:
    kept = torch.ones(total, dtype=torch.bool)
    kept[chosen] = False
    return kept.nonzero().flatten()
