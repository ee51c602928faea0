import pytest
import torch

from workbench.data.normalization import Normalization
from workbench.data.splits import ArraySplit, SubsetSplit, in_memory
from workbench.errors import DataError

PICTURES = torch.arange(5 * 2 * 1 * 2, dtype=torch.uint8).view(5, 2, 1, 2)
SPLIT = ArraySplit(PICTURES, torch.tensor([3, 1, 4, 1, 5]))


def test_batches_cover_the_split_in_order_and_the_last_may_be_smaller():
    batches = list(SPLIT.batches(2))
    assert [len(labels) for _, labels in batches] == [2, 2, 1]
    assert torch.cat([labels for _, labels in batches]).tolist() == [3, 1, 4, 1, 5]
    assert torch.equal(torch.cat([inputs for inputs, _ in batches]), PICTURES.float() / 255)


def test_uint8_images_are_scaled_and_then_normalised_per_channel():
    split = ArraySplit(PICTURES, SPLIT.labels, Normalization((0.5, 0.25), (0.5, 0.125)))
    inputs, _ = next(split.batches(1))
    scaled = PICTURES[0].double() / 255
    assert torch.allclose(inputs[0, 0].double(), (scaled[0] - 0.5) / 0.5, atol=1e-6)
    assert torch.allclose(inputs[0, 1].double(), (scaled[1] - 0.25) / 0.125, atol=1e-6)


def test_float_images_are_read_as_they_are():
    split = ArraySplit(torch.full((1, 1, 2, 2), -3.5), torch.tensor([0]))
    inputs, _ = next(split.batches(1))
    assert inputs.unique().tolist() == [-3.5]


def test_writing_into_a_batch_does_not_change_the_data():
    split = ArraySplit(torch.ones(2, 1, 2, 2), torch.tensor([0, 1]))
    next(split.batches(2))[0].zero_()
    assert next(split.batches(2))[0].min() == 1


def test_images_stored_channels_last_become_contiguous_batches():
    stored = torch.zeros(4, 6, 6, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    split = ArraySplit(stored, torch.zeros(4, dtype=torch.int64))
    inputs, _ = next(split.batches(4))
    assert inputs.shape == (4, 3, 6, 6)
    assert inputs.is_contiguous()


def test_shuffling_is_drawn_from_the_generator_and_keeps_pairs_together():
    def read(seed: int) -> list[tuple[float, int]]:
        batches = SPLIT.batches(2, shuffle=torch.Generator().manual_seed(seed))
        return [
            (round(float(image[0, 0, 0]) * 255), int(label))
            for inputs, labels in batches
            for image, label in zip(inputs, labels, strict=True)
        ]

    pairs = {(0, 3), (4, 1), (8, 4), (12, 1), (16, 5)}
    assert set(read(0)) == pairs
    assert read(0) == read(0)
    assert any(read(0) != read(seed) for seed in range(1, 5))


def test_a_subset_reads_its_positions_from_the_parent():
    subset = SubsetSplit(SPLIT, torch.tensor([4, 0]))
    inputs, labels = next(subset.batches(10))
    assert len(subset) == 2
    assert labels.tolist() == subset.labels.tolist() == [5, 3]
    assert torch.equal(inputs, PICTURES[[4, 0]].float() / 255)


def test_a_subset_of_a_subset_reads_the_right_images():
    inner = SubsetSplit(SubsetSplit(SPLIT, torch.tensor([4, 2, 0])), torch.tensor([1, 2]))
    assert inner.labels.tolist() == [4, 3]
    assert torch.cat([labels for _, labels in inner.batches(1)]).tolist() == [4, 3]


def test_a_shuffled_subset_holds_the_same_images():
    subset = SubsetSplit(SPLIT, torch.tensor([0, 2, 4]))
    shuffled = subset.batches(2, shuffle=torch.Generator().manual_seed(1))
    assert sorted(torch.cat([labels for _, labels in shuffled]).tolist()) == [3, 4, 5]


def test_a_split_kept_in_memory_gives_the_same_batches():
    split = ArraySplit(PICTURES, SPLIT.labels, Normalization((0.5, 0.5), (0.5, 0.5)))
    kept = in_memory(split, batch_size=2)
    assert torch.equal(next(kept.batches(5))[0], next(split.batches(5))[0])
    assert torch.equal(kept.labels, split.labels)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_below_one_is_refused(batch_size):
    for split in (SPLIT, SubsetSplit(SPLIT, torch.tensor([0]))):
        with pytest.raises(DataError, match=rf"at least 1, got {batch_size}\b"):
            next(split.batches(batch_size))
