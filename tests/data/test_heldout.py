import dataclasses

import pytest
import torch

from workbench.data.assembly import assemble
from workbench.data.heldout import carve_validation, official_test, probe_of
from workbench.data.splits import ArraySplit, SubsetSplit
from workbench.errors import DataError


def _split(count, classes=10):
    images = torch.arange(count, dtype=torch.float32).view(-1, 1, 1, 1)
    return ArraySplit(images, torch.arange(count) % classes)


def _ids(split):
    return [int(i) for inputs, _ in split.batches(4096) for i in inputs.flatten()]


def _assemble(train, test, validation=None, classes=None, **options):
    return assemble(
        "toy",
        train=train,
        validation=validation,
        test=test,
        input_shape=(1, 1, 1),
        classes=classes,
        where="toy.npz",
        **({"seed": 0, "probe_size": None} | options),
    )


def test_1000_balanced_test_images_become_validation_and_the_rest_stays_test():
    validation, test, notes = carve_validation(_split(6000), seed=0)
    assert len(validation) == 1000
    assert validation.labels.bincount().tolist() == [100] * 10
    assert sorted(_ids(validation) + _ids(test)) == list(range(6000))
    assert "1,000" in notes[0]
    assert "5,000" in notes[0]  # the images that remain for reporting


def test_a_small_test_set_gives_a_fifth_and_says_so():
    validation, test, notes = carve_validation(_split(4999), seed=0)
    assert (len(validation), len(test)) == (999, 4000)
    assert "a fifth, as there are fewer than 5,000" in notes[0]


def test_exactly_5000_test_images_give_1000():
    validation, _, notes = carve_validation(_split(5000), seed=0)
    assert len(validation) == 1000
    assert "fifth" not in notes[0]


def test_the_smallest_held_out_set_still_gives_both():
    validation, test, _ = carve_validation(_split(2), seed=0)
    assert (len(validation), len(test)) == (1, 1)


def test_one_held_out_image_cannot_be_divided():
    with pytest.raises(DataError, match=r"at least 2.*got 1\b"):
        carve_validation(_split(1), seed=0)


def test_the_probe_set_is_512_balanced_validation_images():
    validation = _split(2000)
    probe, notes = probe_of(validation, None, seed=0)
    assert len(probe) == 512
    assert set(_ids(probe)) <= set(_ids(validation))
    assert set(probe.labels.bincount().tolist()) == {51, 52}
    assert notes == ()


def test_the_probe_set_is_never_more_than_the_validation_split():
    assert len(probe_of(_split(100), None, seed=0)[0]) == 100
    probe, notes = probe_of(_split(100), 300, seed=0)
    assert len(probe) == 100
    assert "300" in notes[0]
    assert "100" in notes[0]


def test_probe_size_decides_the_size():
    assert len(probe_of(_split(2000), 30, seed=0)[0]) == 30


def test_a_probe_set_of_none_is_refused():
    with pytest.raises(DataError, match="probe_size must be at least 1, got 0"):
        probe_of(_split(100), 0, seed=0)


def test_the_official_test_set_is_put_together_again_in_its_order():
    source = _split(300)
    data = _assemble(_split(50), source)
    assert len(data.test) == 240
    assert _ids(official_test(data)) == list(range(300))


def test_with_a_validation_split_of_its_own_the_official_test_set_is_the_test_split():
    data = _assemble(_split(50), _split(30), _split(20))
    assert (len(data.validation), len(data.test)) == (20, 30)
    assert official_test(data) is data.test
    assert data.notes == ()


def test_parts_of_different_splits_are_not_taken_for_one_official_test_set():
    test = SubsetSplit(_split(30), torch.arange(10))
    validation = SubsetSplit(_split(20), torch.arange(5))
    data = _assemble(_split(50, 5), test, validation, classes=list("abcdefghij"))
    assert official_test(data) is data.test


def test_the_official_test_set_follows_a_replaced_split():
    data = dataclasses.replace(_assemble(_split(50), _split(30)), test=_split(7))
    assert len(official_test(data)) == 7


def test_the_seed_decides_validation_and_probe():
    first, same, other = (_assemble(_split(50), _split(900), seed=s) for s in (0, 0, 1))
    assert _ids(first.validation) == _ids(same.validation) != _ids(other.validation)


def test_classes_are_numbered_up_to_the_largest_training_label():
    assert _assemble(_split(50, 3), _split(30, 3)).classes == ("0", "1", "2")


def test_a_test_label_that_training_does_not_have_is_refused():
    with pytest.raises(
        DataError, match=r"test labels must be in 0 to 2.* got 3 at position 3 of toy"
    ):
        _assemble(_split(50, 3), _split(30, 4))


def test_a_negative_label_is_refused():
    train = ArraySplit(torch.zeros(3, 1, 1, 1), torch.tensor([0, 1, -1]))
    with pytest.raises(DataError, match=r"train labels must be in 0 to 1.* got -1 at position 2"):
        _assemble(train, _split(30, 2))


def test_a_label_beyond_the_class_names_is_refused():
    with pytest.raises(DataError, match=r"train labels must be in 0 to 1.* got 2 at position 2"):
        _assemble(_split(50, 3), _split(30, 2), classes=["cat", "dog"])


def test_labels_that_cannot_be_class_indices_are_refused():
    train = ArraySplit(torch.zeros(2, 1, 1, 1), torch.tensor([0, 10**12]))
    with pytest.raises(DataError, match=r"below 1,000, got 1000000000000"):
        _assemble(train, _split(30, 2))


def test_one_class_is_allowed_and_noted():
    data = _assemble(_split(50, 1), _split(30, 1))
    assert data.classes == ("0",)
    assert "one class only, '0'" in data.notes[0]


def test_classes_without_training_images_are_noted():
    data = _assemble(_split(50, 2), _split(30, 2), classes=["cat", "dog", "emu"])
    assert "No training image for 1 of 3 classes: emu" in data.notes[0]
