import pytest
import torch

from workbench.data.balanced import balanced_indices
from workbench.errors import DataError


def test_every_class_occurs_equally_often():
    labels = torch.arange(10).repeat(100)
    chosen = balanced_indices(labels, 200, seed=0)
    assert labels[chosen].bincount().tolist() == [20] * 10


def test_a_class_with_too_few_images_gives_all_it_has_and_the_others_fill_up():
    labels = torch.tensor([0] * 50 + [1] * 3 + [2] * 50)
    chosen = balanced_indices(labels, 43, seed=0)
    assert labels[chosen].bincount().tolist() == [20, 3, 20]
    assert {50, 51, 52} <= set(chosen.tolist())


def test_classes_without_images_are_passed_over():
    labels = torch.tensor([1] * 5 + [4] * 5)
    chosen = balanced_indices(labels, 4, seed=0)
    assert labels[chosen].tolist() == [1, 1, 4, 4]


def test_positions_are_distinct_and_ascending():
    chosen = balanced_indices(torch.arange(7).repeat(9), 30, seed=3).tolist()
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 30


def test_the_seed_decides_the_choice():
    labels = torch.arange(4).repeat(50)
    first = balanced_indices(labels, 20, seed=1)
    assert torch.equal(first, balanced_indices(labels, 20, seed=1))
    assert not torch.equal(first, balanced_indices(labels, 20, seed=2))


def test_more_than_there_are_chooses_all():
    assert balanced_indices(torch.zeros(5, dtype=torch.int64), 9, seed=0).tolist() == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_choosing_none_is_refused():
    with pytest.raises(DataError, match=r"at least 1, got 0"):
        balanced_indices(torch.zeros(5, dtype=torch.int64), 0, seed=0)


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    balanced_indices(torch.arange(4).repeat(5), 8, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
