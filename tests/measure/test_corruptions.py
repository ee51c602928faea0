"""Corrupted images: in [0, 1] before normalisation, the same every time."""

import re

import pytest
import torch
from torch import Tensor

from workbench.data.normalization import Normalization
from workbench.data.splits import ArraySplit, SubsetSplit
from workbench.errors import DataError
from workbench.measure.corruptions import CORRUPTIONS, CorruptedSplit, Scale

NORMALIZATION = Normalization((0.5, 0.4, 0.3), (0.2, 0.25, 0.5))
LABELS = torch.arange(6)


def colours(normalization: Normalization | None = NORMALIZATION) -> ArraySplit:
    random = torch.Generator().manual_seed(0)
    images = torch.randint(40, 200, (6, 3, 9, 7), generator=random, dtype=torch.uint8)
    return ArraySplit(images, LABELS, normalization)


def read(split: ArraySplit | SubsetSplit | CorruptedSplit) -> Tensor:
    return torch.cat([inputs for inputs, _ in split.batches(4)])


def corrupted(name: str, split: ArraySplit, seed: int = 0) -> Tensor:
    """Images in [0, 1] again."""
    found = read(CorruptedSplit(split, CORRUPTIONS[name], Scale.of(split), seed))
    return found if split.normalization is None else split.normalization.undo(found)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_images_within_their_range(name: str) -> None:
    clean = NORMALIZATION.undo(read(colours()))
    found = corrupted(name, colours())
    assert found.shape == clean.shape
    assert float(found.min()) >= -1e-5 and float(found.max()) <= 1 + 1e-5
    assert 0.005 < float((found - clean).abs().mean()) < 0.3


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_normalisation_is_undone_first_and_done_again(name: str) -> None:
    assert torch.allclose(corrupted(name, colours()), corrupted(name, colours(None)), atol=1e-2)


def test_noise_is_that_of_its_seed() -> None:
    first, again, other = (corrupted("noise", colours(), seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_brightness_and_contrast_are_as_described() -> None:
    clean = read(colours(None))
    assert torch.allclose(corrupted("brightness", colours(None)), (clean + 0.2).clamp(max=1))
    spread = corrupted("contrast", colours(None)).std((1, 2, 3)) / clean.std((1, 2, 3))
    assert torch.allclose(spread, torch.full((6,), 0.5), atol=1e-4)


def test_blur_keeps_an_even_image_and_smooths_others() -> None:
    even = ArraySplit(torch.full((2, 1, 4, 4), 0.3), LABELS[:2])
    assert torch.allclose(corrupted("blur", even), torch.tensor(0.3))
    assert float(corrupted("blur", colours(None)).std()) < float(read(colours(None)).std())


def test_labels_and_lengths_are_those_of_the_clean_split() -> None:
    part = SubsetSplit(colours(), torch.tensor([4, 1]))
    split = CorruptedSplit(part, CORRUPTIONS["noise"], Scale.of(part))
    assert (len(split), split.labels.tolist()) == (2, [4, 1])
    assert Scale.of(part).known


def test_numbers_of_an_unknown_range_are_taken_as_they_are() -> None:
    split = ArraySplit(torch.linspace(-2, 3, 32).reshape(2, 1, 4, 4), LABELS[:2])
    scale = Scale.of(split)
    assert not scale.known
    images = (read(split) - scale.offset) / scale.factor
    assert (float(images.min()), float(images.max())) == pytest.approx((0, 1))
    found = read(CorruptedSplit(split, CORRUPTIONS["brightness"], scale))
    assert float(found.min()) == pytest.approx(-1)


def test_inputs_that_are_no_images_are_refused_with_their_shape() -> None:
    message = "images of shape (1 or 3, height, width), got inputs of shape (5,)"
    with pytest.raises(DataError, match=re.escape(message)):
        Scale.of(ArraySplit(torch.zeros(2, 5), LABELS[:2]))
