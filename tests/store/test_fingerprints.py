"""A directory is that of one model and one data set."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import TensorDataset
from toys import ToyNet, counted_up, toy_data, toy_net

from workbench import Plan, Session
from workbench.data import Dataset, open_data
from workbench.data.normalization import Normalization
from workbench.errors import FingerprintError
from workbench.store.fingerprints import fingerprints_of

Reopen = Callable[..., Session]


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def other_weights() -> nn.Module:
    module = toy_net()
    with torch.no_grad():
        module.conv1.weight[0, 0, 0, 0] += 1e-6
    return module


def other_structure() -> nn.Module:
    module = toy_net()
    module.conv2.padding_mode = "reflect"
    return module


def other_data(**changes: object) -> Dataset:
    data = toy_data()
    images = data.test.images.clone()
    images[0, 0, 0, 0] += 0.5
    return dataclasses.replace(data, test=dataclasses.replace(data.test, images=images))


def other_labels() -> Dataset:
    data = toy_data()
    labels = data.train.labels.clone()
    labels[7] = (labels[7] + 1) % 3
    return dataclasses.replace(data, train=dataclasses.replace(data.train, labels=labels))


def other_normalisation() -> Dataset:
    data = toy_data()
    normal = Normalization((0.5,), (0.5,))
    splits = {
        name: dataclasses.replace(getattr(data, name), normalization=normal)
        for name in ("train", "validation", "test", "probe")
    }
    return dataclasses.replace(data, **splits)


@pytest.mark.parametrize(
    ("model", "data", "named"),
    [
        (other_weights, toy_data, "weights"),
        (other_structure, toy_data, "model structure"),
        (toy_net, other_data, "data"),
        (toy_net, other_labels, "data"),
        (toy_net, other_normalisation, "normalisation"),
    ],
)
def test_what_differs_is_named_with_both_fingerprints_and_nothing_is_changed(
    kept: Reopen,
    home: Path,
    model: Callable[[], nn.Module],
    data: Callable[[], Dataset],
    named: str,
) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.close()
    before = contents(home)
    stored = fingerprints_of(toy_net(), toy_data())[named][:8]
    found = fingerprints_of(model(), data())[named][:8]
    with pytest.raises(FingerprintError) as refused:
        Session(model(), data(), directory=home)
    assert f"but the {named} ({stored} stored, {found} now) differs" in str(refused.value)
    assert stored != found
    assert contents(home) == before
    assert kept().history.current.id == 1


def test_all_that_differs_is_named(kept: Reopen, home: Path) -> None:
    kept().close()
    with pytest.raises(FingerprintError, match=r"the weights \(.*\) and the data \(.*\) differ\."):
        Session(other_weights(), other_data(), directory=home)


def test_open_refuses_other_data_and_structures_too(kept: Reopen, home: Path) -> None:
    kept().close()
    with pytest.raises(FingerprintError, match=r"the data \("):
        Session.open(home, toy_net(), other_data())
    with pytest.raises(FingerprintError, match=r"the model structure \("):
        Session.open(home, other_structure(), toy_data())


def test_where_only_weights_differ_the_way_to_the_stored_ones_is_named(
    kept: Reopen, home: Path
) -> None:
    kept().close()
    with pytest.raises(FingerprintError, match=r"Session\.open takes the stored weights"):
        Session(other_weights(), toy_data(), directory=home)


def test_another_seed_is_refused(kept: Reopen, home: Path) -> None:
    kept(seed=3).close()
    message = re.escape(f"seed must be that of the session in {home}, which is 3, got 4")
    with pytest.raises(FingerprintError, match=message):
        kept(seed=4)


class Augmented(TorchDataset):
    """Images with noise that is another at every reading."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.full((1, 4, 4), float(index)) + torch.rand(1, 4, 4), index % 3


def test_augmented_inputs_do_not_count() -> None:
    held = TensorDataset(torch.rand(40, 1, 4, 4), torch.arange(40) % 3)
    fingerprints = [
        fingerprints_of(counted_up(ToyNet()), open_data((Augmented(), held))) for _ in range(2)
    ]
    assert fingerprints[0] == fingerprints[1]
    noisy = [fingerprints_of(toy_net(), open_data((held, Augmented()))) for _ in range(2)]
    assert noisy[0] == noisy[1]
