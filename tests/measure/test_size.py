import gzip

import pytest
import torch
from torch import nn

from workbench.measure import gzip_bytes, nonzero_count, parameter_count, state_dict_bytes
from workbench.progress import Cancelled


class Stops:
    def report(self, done: float, total: float, message: str = "") -> None:
        raise Cancelled


def test_parameters_count_weights_and_biases_but_no_buffers() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert parameter_count(model) == (2 * 9 + 2) + (2 + 2)


def test_a_shared_parameter_counts_once() -> None:
    layer = nn.Linear(3, 3)
    assert parameter_count(nn.Sequential(layer, layer)) == 12


def test_only_exact_zeros_are_not_counted() -> None:
    layer = nn.Linear(3, 1)
    layer.weight.data = torch.tensor([[0.0, -0.0, 1e-30]])
    layer.bias.data = torch.tensor([torch.nan])
    assert nonzero_count(layer) == 2


def test_state_dict_bytes_are_those_of_every_stored_tensor() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    # weight 6, bias 2, gamma, beta, mean, variance 2 each, all float32; one int64 counter
    assert state_dict_bytes(model) == (6 + 2 + 4 * 2) * 4 + 8


def test_state_dict_bytes_follow_the_type_of_the_numbers() -> None:
    assert state_dict_bytes(nn.Linear(3, 2).half()) == 8 * 2


def test_state_dict_bytes_leave_out_what_is_not_stored() -> None:
    model = nn.Linear(3, 2)
    model.register_buffer("cache", torch.zeros(100), persistent=False)
    assert state_dict_bytes(model) == 8 * 4


def test_state_dict_bytes_count_shared_tensors_once() -> None:
    layer = nn.Linear(3, 3)
    assert state_dict_bytes(nn.Sequential(layer, layer)) == 12 * 4


def test_state_dict_bytes_pass_over_extra_state() -> None:
    class Noted(nn.Linear):
        def get_extra_state(self) -> object:
            return {"note": "not a tensor"}

        def set_extra_state(self, state: object) -> None:
            pass

    assert state_dict_bytes(Noted(3, 2)) == 8 * 4


@pytest.mark.parametrize("size", [0, 1000, 3_000_000])
def test_gzip_bytes_are_those_of_a_gzip_file(size: int) -> None:
    data = torch.randint(256, (size,), dtype=torch.uint8).numpy().tobytes()
    assert gzip_bytes(data) == len(gzip.compress(data, compresslevel=6, mtime=0))


def test_zeros_compress_to_almost_nothing() -> None:
    assert gzip_bytes(bytes(1_000_000)) < 2000


def test_compressing_can_be_cancelled() -> None:
    with pytest.raises(Cancelled):
        gzip_bytes(b"data", monitor=Stops())
