import copy
import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn
from toys import ToyNet, toy_data, toy_net
from training.nets import Dropping, same, tensors

from workbench.data import Dataset
from workbench.data.splits import ArraySplit
from workbench.errors import TrainingError
from workbench.events import BatchTrained, EpochTrained, Event, TrainingStarted
from workbench.masks import apply_masks
from workbench.measure.accuracy import evaluate
from workbench.progress import Cancelled
from workbench.training import FinetuneSettings, finetune


class StopsAt:
    """Raises `Cancelled` at its n-th report."""

    def __init__(self, number: int) -> None:
        self.number, self.reports = number, 0

    def report(self, done: float, total: float, message: str = "") -> None:
        self.reports += 1
        if self.reports == self.number:
            raise Cancelled


def fresh_net() -> nn.Module:
    torch.manual_seed(0)
    return ToyNet().eval()


def test_training_learns(data: Dataset) -> None:
    module = fresh_net()
    settings = FinetuneSettings(epochs=12, learning_rate=0.03, batch_size=8)
    results = finetune(module, data, settings).results
    assert results[-1].training_loss < results[0].training_loss / 2
    assert results[-1].validation_accuracy > 0.9
    found = evaluate(module, data.validation)
    assert (results[-1].validation_accuracy, results[-1].validation_loss) == (
        found.accuracy,
        found.loss,
    )


def test_the_same_seed_gives_the_same_tensors(data: Dataset) -> None:
    torch.manual_seed(0)
    dense = Dropping()

    def trained(seed: int, drawn_before: int) -> dict[str, Tensor]:
        module = copy.deepcopy(dense)
        torch.rand(drawn_before)
        finetune(module, data, FinetuneSettings(epochs=1, seed=seed))
        return tensors(module)

    first = trained(0, drawn_before=1)
    assert same(first, trained(0, drawn_before=2))
    assert not same(first, trained(1, drawn_before=1))


def test_training_leaves_the_random_numbers_of_the_user_alone(data: Dataset) -> None:
    module = fresh_net()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    finetune(module, data, FinetuneSettings(epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_masked_weights_stay_zero_after_every_batch(data: Dataset) -> None:
    module = fresh_net()
    mask = torch.arange(216).reshape(6, 4, 3, 3) % 3 == 0
    masks = {"conv2": mask}
    apply_masks(module, masks)
    seen = []

    def look(part: nn.Module, *_: object) -> None:
        seen.append(torch.equal(part.get_parameter("weight") != 0, mask))

    module.get_submodule("conv2").register_forward_hook(look)
    finetune(module, data, FinetuneSettings(epochs=2, batch_size=16), masks=masks)
    assert seen == [True] * 8
    assert torch.equal(module.get_parameter("conv2.weight") != 0, mask)


def test_frozen_parameters_are_not_trained(data: Dataset) -> None:
    module = fresh_net()
    module.get_parameter("conv1.weight").requires_grad_(False)
    before = tensors(module)
    finetune(module, data, FinetuneSettings(epochs=1))
    assert torch.equal(before["conv1.weight"], module.get_parameter("conv1.weight"))
    assert not torch.equal(before["conv2.weight"], module.get_parameter("conv2.weight"))


def test_a_model_with_nothing_to_train_is_refused(data: Dataset) -> None:
    module = fresh_net().requires_grad_(False)
    with pytest.raises(TrainingError, match=r"at least 1 parameter .*, got 0: all are frozen"):
        finetune(module, data, FinetuneSettings())


def test_training_leaves_modes_as_they_were_and_no_gradients(data: Dataset) -> None:
    module = fresh_net()
    module.get_submodule("bn").train()
    finetune(module, data, FinetuneSettings(epochs=1))
    assert not module.training and module.get_submodule("bn").training
    assert all(parameter.grad is None for parameter in module.parameters())


def test_batches_are_trained_in_training_mode_and_epochs_measured_in_evaluation_mode(
    data: Dataset,
) -> None:
    module = fresh_net()
    modes: list[bool] = []
    module.register_forward_hook(lambda module, *_: modes.append(module.training))
    finetune(module, data, FinetuneSettings(epochs=2, batch_size=24))
    assert modes == [True, True, False] * 2


def test_what_is_reported_comes_in_order(data: Dataset) -> None:
    events: list[Event] = []
    finetune(fresh_net(), data, FinetuneSettings(epochs=2, batch_size=20), report=events.append)
    kinds = [type(event) for event in events]
    epoch = [BatchTrained, BatchTrained, BatchTrained, EpochTrained]
    assert kinds == [TrainingStarted, *epoch, *epoch]
    positions = [event.epoch for event in events if isinstance(event, BatchTrained)]
    assert positions == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert [event.epoch for event in events if isinstance(event, EpochTrained)] == [1, 2]


def test_a_last_batch_of_one_is_left_out(data: Dataset) -> None:
    events: list[Event] = []
    finetune(fresh_net(), data, FinetuneSettings(epochs=1, batch_size=47), report=events.append)
    assert sum(isinstance(event, BatchTrained) for event in events) == 1


def test_a_single_step_can_be_trained(data: Dataset) -> None:
    outcome = finetune(fresh_net(), data, FinetuneSettings(epochs=1, batch_size=48))
    assert len(outcome.results) == 1 and math.isfinite(outcome.results[0].training_loss)
    assert outcome.notes == ()


def test_a_batch_larger_than_the_data_is_all_of_it_and_says_so(data: Dataset) -> None:
    whole, larger = fresh_net(), fresh_net()
    finetune(whole, data, FinetuneSettings(epochs=2, batch_size=48))
    outcome = finetune(larger, data, FinetuneSettings(epochs=2, batch_size=49))
    assert same(tensors(whole), tensors(larger))
    assert outcome.notes == (
        "batch_size 49 is more than the 48 training inputs there are: every epoch was a single "
        "batch.",
    )


@pytest.mark.parametrize("number", [1, 2, 5])
def test_training_stops_where_the_monitor_says_so(data: Dataset, number: int) -> None:
    events: list[Event] = []
    module = fresh_net()
    before = tensors(module)
    with pytest.raises(Cancelled):
        finetune(module, data, FinetuneSettings(), report=events.append, monitor=StopsAt(number))
    assert same(before, tensors(module))
    assert sum(isinstance(event, BatchTrained) for event in events) == min(number - 1, 2)
    assert not any(isinstance(event, EpochTrained) for event in events)
    assert not module.training


def test_training_needs_two_inputs(data: Dataset) -> None:
    one = ArraySplit(torch.zeros(1, 1, 4, 4), torch.zeros(1, dtype=torch.int64))
    with pytest.raises(TrainingError, match="at least 2 inputs, got 1"):
        finetune(fresh_net(), dataclasses.replace(data, train=one), FinetuneSettings())


def test_training_data_are_left_as_they_are() -> None:
    data = toy_data()
    before = copy.deepcopy(data.train)
    finetune(toy_net(), data, FinetuneSettings(epochs=1))
    assert isinstance(before, ArraySplit) and isinstance(data.train, ArraySplit)
    assert torch.equal(before.images, data.train.images)
