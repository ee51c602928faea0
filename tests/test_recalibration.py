import copy

import pytest
import torch
from torch import nn
from toys import ToyNet
from watching import State

from workbench import Session
from workbench.data import Dataset
from workbench.errors import DataError, ModelError
from workbench.progress import Cancelled
from workbench.recalibration import recalibrate


class Stops:
    def report(self, done: float, total: float, message: str = "") -> None:
        raise Cancelled


def statistics(module: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    return module.get_buffer("bn.running_mean"), module.get_buffer("bn.running_var")


def test_running_statistics_become_those_of_the_training_data(data: Dataset) -> None:
    torch.manual_seed(0)
    module = ToyNet().eval()
    before = copy.deepcopy(module.state_dict())
    found = recalibrate(module, data.train)
    inputs, _ = next(data.train.batches(48))
    with torch.no_grad():
        answers = module.get_submodule("conv1")(inputs)
    mean, variance = statistics(found)
    assert torch.allclose(mean, answers.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(variance, answers.var((0, 2, 3)), atol=1e-6)
    now = module.state_dict()
    assert all(torch.equal(before[name], now[name]) for name in before)
    assert torch.equal(found.get_parameter("conv1.weight"), module.get_parameter("conv1.weight"))


def test_the_seed_decides_which_inputs_are_read(digits: Session) -> None:
    state = State(digits)

    def mean(seed: int) -> torch.Tensor:
        found = recalibrate(digits.model, digits.dataset.train, batches=1, seed=seed)
        return next(buffer for name, buffer in found.named_buffers() if "running_mean" in name)

    assert torch.equal(mean(0), mean(0)) and not torch.equal(mean(0), mean(1))
    assert state.holds(digits)


def test_a_model_without_batch_norm_is_refused(data: Dataset) -> None:
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(16, 3), nn.BatchNorm1d(3, track_running_stats=False)
    )
    message = r"at least 1 batch norm that has running statistics, and this one has 0: "
    with pytest.raises(ModelError, match=message):
        recalibrate(module, data.train)


def test_no_batch_at_all_is_refused(data: Dataset) -> None:
    with pytest.raises(DataError, match=r"at least 1 training batch, got 0\. Use 8"):
        recalibrate(ToyNet(), data.train, batches=0)


def test_recalibration_can_be_cancelled(data: Dataset) -> None:
    with pytest.raises(Cancelled):
        recalibrate(ToyNet(), data.train, monitor=Stops())
