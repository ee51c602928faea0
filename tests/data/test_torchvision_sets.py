from urllib.error import URLError

import numpy as np
import pytest

from workbench.data import open_data
from workbench.data.torchvision_sets import SETS
from workbench.errors import DataError


class Pictures:
    """Made like a torchvision set: found in its root, or downloaded into it."""

    classes = ("cat", "dog")
    online = True

    def __init__(self, root, train, download):
        stored = root / "pictures"
        if download and not stored.exists():
            if not self.online:
                raise URLError("no route to host")
            stored.touch()
        if not stored.exists():
            raise RuntimeError("Dataset not found or corrupted.")
        count = 30 if train else 20
        self.data = np.zeros((count, 8, 8, 3), "uint8")
        self.targets = [index % 2 for index in range(count)]


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    monkeypatch.setitem(SETS, "pictures", Pictures)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PRUNING_WORKBENCH_DATA", raising=False)


def test_a_set_is_downloaded_once_and_then_needs_no_network(tmp_path, monkeypatch):
    data = open_data("pictures")
    assert data.classes == ("cat", "dog")
    assert data.input_shape == (3, 8, 8)
    assert (len(data.train), len(data.validation), len(data.test)) == (30, 4, 16)
    assert (tmp_path / "cache/pruning-workbench/datasets/pictures").exists()
    monkeypatch.setattr(Pictures, "online", False)
    assert len(open_data("pictures").train) == 30


def test_without_network_the_error_names_the_set_the_cause_and_the_remedy(monkeypatch):
    monkeypatch.setattr(Pictures, "online", False)
    with pytest.raises(DataError, match=r"'pictures' is not in .*no route to host.*Connect"):
        open_data("pictures")


def test_a_copy_in_the_data_directory_is_used_without_network(tmp_path, monkeypatch):
    monkeypatch.setattr(Pictures, "online", False)
    monkeypatch.setenv("PRUNING_WORKBENCH_DATA", str(tmp_path))
    (tmp_path / "pictures").touch()
    assert len(open_data("pictures").train) == 30
    assert not (tmp_path / "cache").exists()


def test_normalize_needs_as_many_numbers_as_the_set_has_channels():
    with pytest.raises(DataError, match="one mean for each of the 3 image channels, got 1"):
        open_data("pictures", normalize=((0.5,), (0.5,)))


def test_every_set_is_made_from_root_train_and_download(tmp_path):
    for name in ("cifar10", "cifar100", "mnist", "fashion_mnist", "kmnist", "usps"):
        with pytest.raises((RuntimeError, OSError), match=r"not found|No such file"):
            SETS[name](root=tmp_path, train=True, download=False)
