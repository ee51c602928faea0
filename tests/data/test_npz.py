import numpy as np
import pytest
import torch

from workbench.data import official_test, open_data
from workbench.errors import DataError

RNG = np.random.default_rng(0)


def _arrays(shape=(6, 5, 3), dtype="uint8", train=40, test=20):
    def images(count):
        values = RNG.integers(0, 256, (count, *shape))
        return values.astype("uint8") if dtype == "uint8" else (values / 255).astype(dtype)

    return {
        "x_train": images(train),
        "y_train": np.arange(train) % 4,
        "x_test": images(test),
        "y_test": np.arange(test) % 4,
    }


def _save(folder, **arrays):
    np.savez(folder / "toy.npz", **arrays)
    return f"npz:{folder / 'toy.npz'}"


def _first(split):
    return next(split.batches(1))[0][0]


def test_uint8_pictures_with_channels_last_are_read_as_0_to_1(tmp_path):
    arrays = _arrays()
    data = open_data(_save(tmp_path, **arrays))
    assert data.name == "toy"
    assert data.input_shape == (3, 6, 5)
    expected = torch.from_numpy(arrays["x_train"][0]).permute(2, 0, 1) / 255
    assert torch.equal(_first(data.train), expected)
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 4, 16)
    assert any("a fifth" in note for note in data.notes)


def test_grey_pictures_get_a_channel(tmp_path):
    assert open_data(_save(tmp_path, **_arrays((8, 9)))).input_shape == (1, 8, 9)


def test_floats_with_channels_first_are_read_as_they_are(tmp_path):
    arrays = _arrays((3, 6, 5), "float64")
    data = open_data(_save(tmp_path, **arrays))
    assert data.input_shape == (3, 6, 5)
    assert torch.equal(_first(data.train), torch.from_numpy(arrays["x_train"][0]).float())


@pytest.mark.parametrize(
    ("shape", "dtype", "input_shape"),
    [
        ((3, 32, 32), "uint8", (3, 32, 32)),
        ((32, 32, 1), "float32", (1, 32, 32)),
        ((3, 6, 3), "uint8", (3, 3, 6)),
        ((3, 6, 3), "float32", (3, 6, 3)),
        ((16, 6, 6), "float32", (16, 6, 6)),
    ],
)
def test_where_the_channels_are_is_seen_from_the_shape(tmp_path, shape, dtype, input_shape):
    assert open_data(_save(tmp_path, **_arrays(shape, dtype))).input_shape == input_shape


def test_labels_in_one_column_are_flattened(tmp_path):
    arrays = _arrays()
    arrays["y_train"] = arrays["y_train"][:, None]
    assert open_data(_save(tmp_path, **arrays)).train.labels[:5].tolist() == [0, 1, 2, 3, 0]


def test_normalize_is_applied_to_the_scaled_images(tmp_path):
    arrays = _arrays()
    spec = _save(tmp_path, **arrays)
    data = open_data(spec, normalize=((0.1, 0.2, 0.3), (0.5, 0.25, 0.125)))
    scaled = torch.from_numpy(arrays["x_train"][0]).permute(2, 0, 1) / 255
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.25, 0.125])
    expected = (scaled - mean[:, None, None]) / std[:, None, None]
    assert torch.allclose(_first(data.train), expected, atol=1e-6)


def test_a_validation_split_and_class_names_are_used_where_they_exist(tmp_path):
    arrays = _arrays()
    extra = {"x_val": arrays["x_test"][:8], "y_val": arrays["y_test"][:8]}
    data = open_data(_save(tmp_path, **arrays, **extra, classes=np.array(list("abcd"))))
    assert (len(data.validation), len(data.test)) == (8, 20)
    assert data.classes == ("a", "b", "c", "d")
    assert data.notes == ()


def test_the_official_test_set_holds_every_test_image_in_order(tmp_path):
    arrays = _arrays()
    split = official_test(open_data(_save(tmp_path, **arrays)))
    inputs, labels = next(split.batches(100))
    assert labels.tolist() == arrays["y_test"].tolist()
    assert torch.equal(inputs, torch.from_numpy(arrays["x_test"]).permute(0, 3, 1, 2) / 255)


def test_a_relative_path_is_also_looked_for_in_the_data_directory(tmp_path, monkeypatch):
    _save(tmp_path, **_arrays())
    monkeypatch.setenv("PRUNING_WORKBENCH_DATA", str(tmp_path))
    assert open_data("npz:toy.npz").name == "toy"


def test_a_missing_file_is_named_with_every_place_and_the_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv("PRUNING_WORKBENCH_DATA", raising=False)
    with pytest.raises(DataError, match=r"no file at .*none\.npz.*set PRUNING_WORKBENCH_DATA"):
        open_data("npz:none.npz")
    monkeypatch.setenv("PRUNING_WORKBENCH_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"or at {tmp_path}/none\.npz"):
        open_data("npz:none.npz")


def test_missing_arrays_are_named_beside_those_that_are_there(tmp_path):
    arrays = _arrays()
    del arrays["y_test"]
    with pytest.raises(DataError, match=r"y_test is missing from .*toy\.npz, which has x_train, "):
        open_data(_save(tmp_path, **arrays))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((0, 6, 5, 3), "uint8")}, r"x_train .*one image.*\(0, 6, 5, 3\)"),
        ({"y_train": np.zeros(0, "int64")}, r"y_train must hold at least one label"),
        ({"y_train": np.arange(40) % 4 + 0.0}, r"y_train must hold integers.* got float64"),
        ({"y_train": np.zeros((40, 4), "int64")}, r"shape \(N,\), got \(40, 4\)"),
        ({"y_train": np.arange(39) % 4}, r"equally long, got 40 images and 39 labels"),
        ({"y_test": np.arange(20) % 5}, r"test labels must be in 0 to 3.* got 4 at position 4"),
        ({"x_train": np.zeros((40, 6, 5, 3), "int64")}, r"x_train must be uint8.* got int64"),
        ({"x_train": np.zeros((40, 90), "uint8")}, r"x_train must have shape.* got \(40, 90\)"),
        ({"x_test": np.zeros((20, 7, 5, 3), "uint8")}, r"got \(3, 7, 5\).*x_test and \(3, 6, 5\)"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused_with_what_was_found(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        open_data(_save(tmp_path, **(_arrays() | changes)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_counted(tmp_path, bad):
    arrays = _arrays(dtype="float32")
    arrays["x_test"][[3, 7], 0, 0, 0] = bad
    with pytest.raises(
        DataError, match=r"x_test must be finite.* 2 of 20 images, first in number 3"
    ):
        open_data(_save(tmp_path, **arrays))


def test_normalising_floats_that_are_not_scaled_is_refused(tmp_path):
    arrays = _arrays((8, 8), "float32")
    arrays["x_test"] = arrays["x_test"] * 2 - 1
    with pytest.raises(DataError, match=r"scaled to \[0, 1\], got x_test from -1 to 1"):
        open_data(_save(tmp_path, **arrays), normalize=((0.5,), (0.5,)))


def test_pickled_arrays_are_refused_and_never_run(tmp_path):
    marker = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return (marker.touch, ())

    arrays = _arrays() | {"y_train": np.array([Attack()] * 40, dtype=object)}
    with pytest.raises(DataError, match=r"cannot be read as \.npz without pickle"):
        open_data(_save(tmp_path, **arrays))
    assert not marker.exists()


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no arrays here")
    with pytest.raises(DataError, match=r"cannot be read as \.npz.*text\.npz"):
        open_data(f"npz:{tmp_path / 'text.npz'}")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(DataError, match="single array"):
        open_data(f"npz:{tmp_path / 'single.npy'}")
