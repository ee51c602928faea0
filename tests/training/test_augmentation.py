import dataclasses

import pytest
import torch
from toys import ToyNet, toy_data
from training.nets import fresh, same, tensors

from workbench.data import Dataset, open_data
from workbench.errors import TrainingError
from workbench.training import FinetuneSettings, finetune
from workbench.training.augmentation import Augmentation, augmentation_for


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def counted(count: int, height: int, width: int) -> torch.Tensor:
    numbers = torch.arange(height * width, dtype=torch.float32).reshape(1, 1, height, width)
    return numbers.repeat(count, 2, 1, 1)


def coloured(data: Dataset) -> Dataset:
    return dataclasses.replace(data, input_shape=(3, 32, 32))


def test_standard_shifts_digits_and_never_mirrors_them() -> None:
    found = augmentation_for("standard", open_data("digits"))
    assert found == Augmentation((1, 1), flip=False)
    assert found.words == "training images were shifted by up to 1 pixel"


def test_standard_shifts_colour_images_and_mirrors_half_of_them(data: Dataset) -> None:
    found = augmentation_for("standard", coloured(data))
    assert found == Augmentation((4, 4), flip=True)
    assert "by up to 4 pixels and mirrored" in found.words


def test_crops_can_be_asked_for_by_name(data: Dataset) -> None:
    assert augmentation_for("crop", coloured(data)) == Augmentation((4, 4), flip=False)
    assert augmentation_for("crop-flip", data) == Augmentation((1, 1), flip=True)
    assert augmentation_for("none", data) is None


def test_data_without_images_are_refused(data: Dataset) -> None:
    flat = dataclasses.replace(data, input_shape=(16,))
    message = (
        r"'standard' needs images of shape \(C, H, W\), got inputs of shape \(16,\) from 'toy'"
    )
    with pytest.raises(TrainingError, match=message):
        augmentation_for("standard", flat)


def test_every_image_is_shifted_in_its_own_way() -> None:
    images = counted(200, 5, 6)
    found = Augmentation((1, 2), flip=False)(images, seeded())
    assert found.shape == images.shape
    padded = torch.nn.functional.pad(images[:1], (2, 2, 1, 1), mode="reflect")[0]
    windows = {
        (down, across): padded[:, down : down + 5, across : across + 6]
        for down in range(3)
        for across in range(5)
    }
    seen = set()
    for image in found:
        (shift,) = [s for s, window in windows.items() if torch.equal(image, window)]
        seen.add(shift)
    assert seen == set(windows)


def test_half_of_the_images_are_mirrored() -> None:
    images = counted(400, 3, 4)
    found = Augmentation((0, 0), flip=True)(images, seeded())
    mirrored = [torch.equal(image, images[0].flip(-1)) for image in found]
    straight = [torch.equal(image, images[0]) for image in found]
    assert all(a != b for a, b in zip(mirrored, straight, strict=True))
    assert 150 < sum(mirrored) < 250


def test_images_themselves_are_left_as_they_are() -> None:
    images = counted(4, 4, 4)
    Augmentation((1, 1), flip=True)(images, seeded())
    assert torch.equal(images, counted(4, 4, 4))


def test_training_says_what_it_did_to_images() -> None:
    plain, augmented = fresh(ToyNet()), fresh(ToyNet())
    outcome = finetune(augmented, toy_data(), FinetuneSettings(epochs=1, augmentation="standard"))
    finetune(plain, toy_data(), FinetuneSettings(epochs=1))
    assert outcome.notes == (
        "Each time they were seen, training images were shifted by up to 1 pixel.",
    )
    assert not same(tensors(plain), tensors(augmented))
