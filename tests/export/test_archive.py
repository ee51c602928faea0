"""The compressed archive: decoded, it is the network with the values of its codebooks."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch
from exporting import pruned_toy, subject
from torch import Tensor
from toys import ToyNet

from workbench import Plan, load
from workbench.errors import ExportError
from workbench.export.archive import MAGIC, decode, encode
from workbench.export.formats import Workshop
from workbench.export.formats.archive import Archive


def sparse(*shape: int, density: float = 0.1) -> Tensor:
    random = torch.Generator().manual_seed(0)
    weights = torch.randn(*shape, generator=random)
    return weights * (torch.rand(*shape, generator=random) < density)


def round_trip(weights: Tensor, bits: int) -> Tensor:
    _, tensors = decode(encode({"w": weights}, {"w": bits}, {}))
    return tensors["w"]


@pytest.mark.parametrize("density", [1.0, 0.3, 0.001])
def test_zeros_stay_and_weights_take_the_nearest_value_of_a_small_codebook(density: float) -> None:
    weights = sparse(40, 30, 3, density=density)
    again = round_trip(weights, 3)
    assert torch.equal(again == 0, weights == 0)
    values = again[again != 0].unique()
    assert 1 <= len(values) <= 8
    kept = weights[weights != 0]
    nearest = (kept[:, None] - values[None]).abs().min(1).values
    assert torch.allclose((again[weights != 0] - kept).abs(), nearest, atol=1e-6)


def test_as_many_values_as_weights_are_exact() -> None:
    weights = torch.arange(1.0, 129).reshape(2, 64)
    assert torch.equal(round_trip(weights, 8), weights)


def test_what_has_no_codebook_is_kept_bit_for_bit() -> None:
    tensors = {
        "bias": torch.tensor([0.1, -0.0, float("inf")]),
        "count": torch.tensor(7, dtype=torch.int64),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 3),
    }
    about, again = decode(encode(tensors, {}, {"who": "me"}))
    assert about == {"who": "me"}
    for name, tensor in tensors.items():
        assert again[name].dtype == tensor.dtype and again[name].equal(tensor)


def test_sparse_weights_of_few_bits_take_far_less_space() -> None:
    weights = sparse(200, 500, density=0.1)
    size = len(encode({"w": weights}, {"w": 5}, {}))
    # 10,000 weights of 5 bits, and their places: the entropy of 10 % is 0.47 bits a weight.
    assert size < 1.15 * (10_000 * 5 + 100_000 * 0.47) / 8


def test_the_same_weights_give_the_same_bytes() -> None:
    weights = sparse(300, 400, density=0.9)
    assert encode({"w": weights}, {"w": 4}, {}) == encode({"w": weights}, {"w": 4}, {})


def test_a_network_comes_back_from_its_archive(tmp_path: Path) -> None:
    masked = pruned_toy(ratio=0.25).prune(Plan(granularity="weight", ratio=0.5))[0]
    workshop = Workshop(subject(masked), tmp_path)
    Archive(linear_bits=8).write(workshop)
    again = load(tmp_path / "model.pwz", model=ToyNet())
    tensors = masked.module.state_dict()
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor == 0, tensors[name] == 0), name
        assert torch.allclose(tensor, tensors[name], atol=0.01), name


@pytest.mark.parametrize("bits", [0, 9])
def test_a_codebook_of_no_byte_is_refused(bits: int) -> None:
    with pytest.raises(ExportError, match=rf"must be in 1 to 8, got {bits} for 'w'"):
        encode({"w": sparse(40, 30)}, {"w": bits}, {})


WHOLE = encode({"w": sparse(40, 30)}, {"w": 4}, {})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        b"not one" + WHOLE,
        WHOLE[:20],
        WHOLE[:-1],
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-40] + bytes([WHOLE[-40] ^ 1]) + WHOLE[-39:],
        MAGIC + b"\xff\xff\xff\xff" + WHOLE[12:],
    ],
)
def test_a_broken_archive_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pwz"
    path.write_bytes(data)
    with pytest.raises(ExportError, match=r"model\.pwz must be a whole archive that begins with"):
        load(path, model=ToyNet())


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"type": "O"}, "type object holds no numbers"),
        ({"shape": [-1, 30]}, "are not counts"),
        ({"shape": [10, 30]}, "weights outside of its shape"),
        ({"values": 1}, "holds more than|must hold"),
        ({"gaps": 10**12}, "must hold 10000"),
    ],
)
def test_an_archive_that_lies_about_itself_is_refused(entry: dict[str, object], what: str) -> None:
    length = int.from_bytes(WHOLE[8:12], "little")
    header = json.loads(lzma.decompress(WHOLE[12 : 12 + length]))
    header["tensors"][0] |= entry
    text = lzma.compress(json.dumps(header).encode())
    forged = MAGIC + np.uint32(len(text)).tobytes() + text + WHOLE[12 + length :]
    with pytest.raises(ExportError, match=what):
        decode(forged)
