"""Inputs as pictures: normalisation undone, sizes bounded, what is no image left out."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from workbench.data.normalization import Normalization
from workbench.data.pictures import LARGEST_SIDE, pictures
from workbench.data.splits import ArraySplit, SubsetSplit


def split(images: Tensor, normalization: Normalization | None = None) -> ArraySplit:
    return ArraySplit(images, torch.zeros(len(images), dtype=torch.int64), normalization)


def bytes_of(*shape: int) -> Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_normalisation_is_undone_exactly(channels: int) -> None:
    images = bytes_of(4, channels, 5, 7)
    normalization = Normalization((0.4, 0.5, 0.6)[:channels], (0.2, 0.3, 0.1)[:channels])
    drawn = pictures(split(images, normalization), [2, 0])
    assert drawn is not None and drawn.shape == (2, 5, 7, 3)
    expected = images[[2, 0]].expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    assert torch.equal(torch.from_numpy(drawn.copy()), expected)


def test_a_subset_is_read_at_its_own_positions() -> None:
    images = bytes_of(6, 1, 2, 2)
    part = SubsetSplit(split(images, Normalization((0.5,), (0.5,))), torch.tensor([5, 1, 3]))
    drawn = pictures(part, [1])
    assert drawn is not None and drawn[0, :, :, 0].tolist() == images[1, 0].tolist()


def test_values_of_an_unknown_scale_are_stretched() -> None:
    drawn = pictures(split(torch.tensor([-2.0, 0.0, 2.0, 6.0]).reshape(1, 1, 2, 2)), [0])
    assert drawn is not None and drawn[0, :, :, 0].tolist() == [[0, 64], [128, 255]]


def test_a_picture_of_one_value_is_drawn() -> None:
    drawn = pictures(split(torch.full((1, 1, 2, 2), 7.0)), [0])
    assert drawn is not None and set(drawn.flatten().tolist()) == {0}


def test_large_pictures_are_shrunk_and_keep_their_shape() -> None:
    drawn = pictures(split(bytes_of(1, 3, 200, 100)), [0])
    assert drawn is not None and drawn.shape == (1, LARGEST_SIDE, LARGEST_SIDE // 2, 3)


def test_the_fourth_channel_is_left_out() -> None:
    images = bytes_of(1, 4, 2, 2)
    drawn = pictures(split(images), [0])
    assert drawn is not None
    assert drawn[0].tolist() == images[0, :3].permute(1, 2, 0).tolist()


@pytest.mark.parametrize("shape", [(3, 12), (3, 2, 4, 4), (3, 1, 4, 4, 4)])
def test_what_is_no_image_has_no_picture(shape: tuple[int, ...]) -> None:
    assert pictures(split(torch.zeros(shape)), [0]) is None


def test_a_split_that_is_only_read_in_batches_is_read_up_to_the_last_picture() -> None:
    images, served = bytes_of(200, 1, 2, 2), []

    class Batches:
        labels = torch.zeros(200, dtype=torch.int64)

        def __len__(self) -> int:
            return 200

        def batches(
            self, batch_size: int, *, shuffle: torch.Generator | None = None
        ) -> Iterator[tuple[Tensor, Tensor]]:
            for start in range(0, 200, batch_size):
                served.append(start)
                part = slice(start, start + batch_size)
                yield images[part].float() / 255, self.labels[part]

    drawn = pictures(Batches(), [70, 3])
    assert drawn is not None and len(served) == 2
    assert drawn[0, :, :, 0].tolist() == images[70, 0].tolist()
