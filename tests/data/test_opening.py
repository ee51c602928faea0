from pathlib import Path

import numpy as np
import pytest

from workbench.data import data_names, open_data
from workbench.errors import DataError


def test_an_unknown_name_is_answered_with_the_closest_and_all_known():
    with pytest.raises(
        DataError, match=r"no data named 'cifra10'\. Did you mean 'cifar10'"
    ) as info:
        open_data("cifra10")
    assert all(name in str(info.value) for name in data_names())


def test_a_bare_npz_path_is_answered_with_the_right_spelling():
    with pytest.raises(DataError, match=r"Did you mean 'npz:my\.npz'"):
        open_data("my.npz")


def test_a_name_like_nothing_known_is_not_guessed():
    with pytest.raises(DataError) as info:
        open_data("qqqq")
    assert "Did you mean" not in str(info.value)


def test_a_path_object_is_opened_as_npz(tmp_path):
    images, labels = np.zeros((10, 4, 4), "uint8"), np.arange(10) % 2
    path = tmp_path / "grey.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert open_data(Path(path)).name == "grey"


def test_an_open_dataset_is_returned_as_it_is():
    data = open_data("digits")
    assert open_data(data) is data


def test_normalising_an_open_dataset_is_refused():
    with pytest.raises(
        DataError, match=r"normalize cannot be applied to a Dataset.*\(\(0,\), \(1,\)\)"
    ):
        open_data(open_data("digits"), normalize=((0,), (1,)))


def test_anything_else_is_refused_by_its_type():
    with pytest.raises(DataError, match="got a int"):
        open_data(7)


def test_digits_have_at_most_as_many_probe_images_as_validation_images():
    data = open_data("digits")
    assert len(data.probe) == len(data.validation) == 360
    assert len(open_data("digits", probe_size=100).probe) == 100
