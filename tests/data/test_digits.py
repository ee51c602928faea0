import numpy as np
import torch
from sklearn.datasets import load_digits

from workbench.data import official_test, open_data

FIRST_TEST_LABELS = [1, 0, 6, 4, 7, 7, 3, 1, 0, 2, 0, 3]
TEST_SUM = 7041.5625


def _images(split):
    return torch.cat([inputs for inputs, _ in split.batches(256)])


def test_digits_are_split_by_class_into_60_20_20():
    data = open_data("digits")
    sizes = [len(split) for split in (data.train, data.validation, data.test)]
    assert sum(sizes) == 1797
    assert [round(size / 1797, 2) for size in sizes] == [0.6, 0.2, 0.2]
    for split, share in ((data.train, 0.6), (data.validation, 0.2), (data.test, 0.2)):
        expected = share * np.bincount(load_digits().target)
        assert np.abs(split.labels.bincount().numpy() - expected).max() <= 1
    assert data.classes == tuple("0123456789")
    assert any("1,078" in note for note in data.notes)


def test_the_three_splits_together_are_every_digit_once():
    data = open_data("digits")
    parts = torch.cat([_images(split) for split in (data.train, data.validation, data.test)])
    everything = torch.from_numpy(load_digits().images.astype("float32") / 16)
    key = lambda images: sorted(image.numpy().tobytes() for image in images)  # noqa: E731
    assert key(parts.flatten(1)) == key(everything.flatten(1))


def test_inputs_have_one_channel_and_lie_between_0_and_1():
    data = open_data("digits")
    images = _images(data.train)
    assert images.shape[1:] == data.input_shape == (1, 8, 8)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (0, 1)


def test_the_seed_changes_the_probe_set_but_never_what_the_bundled_network_has_seen():
    first, second = open_data("digits", probe_size=50), open_data("digits", seed=9, probe_size=50)
    assert torch.equal(_images(first.test), _images(second.test))
    assert torch.equal(_images(first.train), _images(second.train))
    assert not torch.equal(_images(first.probe), _images(second.probe))


def test_the_test_images_are_the_ones_the_shipped_weights_have_not_seen():
    # A fingerprint: should it change, the bundled network must be trained again.
    assert open_data("digits").test.labels[:12].tolist() == FIRST_TEST_LABELS
    assert round(float(_images(open_data("digits").test).double().sum()), 4) == TEST_SUM


def test_normalize_is_applied():
    plain, scaled = open_data("digits"), open_data("digits", normalize=((0.5,), (0.25,)))
    expected = (_images(plain.test) - 0.5) / 0.25
    assert torch.allclose(_images(scaled.test), expected)


def test_the_official_test_set_is_the_test_split():
    data = open_data("digits")
    assert official_test(data) is data.test
