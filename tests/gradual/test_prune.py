import copy

import pytest
import torch
from gradual.nets import AcrossChannels
from torch import nn
from toys import ToyNet, dense_model
from training.nets import Dropping, Exploding, fresh, same, tensors

from workbench import Plan
from workbench.data import Dataset
from workbench.gradual import GradualSettings, prune_gradually
from workbench.measure.accuracy import evaluate
from workbench.progress import Cancelled
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, TrainingState, finetune
from workbench.training.optimizers import OPTIMIZERS
from workbench.training.schedules import SCHEDULES

SETTINGS = FinetuneSettings(epochs=4, batch_size=16, learning_rate=0.02)


def opened(module: nn.Module) -> PrunedModel:
    return dense_model(fresh(module), (1, 4, 4))


def teacher() -> nn.Module:
    torch.manual_seed(1)
    return ToyNet().eval()


@pytest.mark.parametrize("net", [ToyNet, AcrossChannels])
def test_what_was_masked_is_removed_and_answers_the_same(
    data: Dataset, net: type[nn.Module]
) -> None:
    model = opened(net())
    before = tensors(model.module)
    pruned, results, outcome = prune_gradually(model, Plan(ratio=0.5), data, SETTINGS)
    assert all(r.achieved == 0.5 for r in results if not r.reason)
    assert pruned.module.get_parameter("conv1.weight").shape[0] == results[0].size // 2
    found = evaluate(pruned.module, data.validation)
    assert found.loss == pytest.approx(outcome.results[-1].validation_loss, rel=1e-4)
    assert same(before, tensors(model.module))


def test_weights_end_with_exactly_the_masks_of_the_plan(data: Dataset) -> None:
    plan = Plan(granularity="weight", ratio=0.75)
    pruned, results, _ = prune_gradually(opened(ToyNet()), plan, data, SETTINGS)
    weight = pruned.module.get_parameter("conv2.weight")
    assert torch.equal(weight != 0, pruned.masks["conv2"])
    assert int(weight.count_nonzero()) == 54 == results[1].kept


def test_earlier_masks_hold_while_channels_go(data: Dataset) -> None:
    model, _ = opened(ToyNet()).prune(Plan(granularity="weight", ratios={"conv2": 0.5}))
    pruned, _, _ = prune_gradually(model, Plan(ratio=0.5), data, SETTINGS)
    weight = pruned.module.get_parameter("conv2.weight")
    assert weight.shape == (3, 2, 3, 3)
    assert torch.equal(weight != 0, pruned.masks["conv2"])


def test_it_is_one_shot_pruning_if_all_goes_at_the_start(data: Dataset) -> None:
    plan = Plan(granularity="weight", ratio=0.5)
    at_once, _, _ = prune_gradually(
        opened(ToyNet()), plan, data, SETTINGS, GradualSettings(end=0.0, updates=1)
    )
    pruned, _ = opened(ToyNet()).prune(plan)
    module = copy.deepcopy(pruned.module)
    finetune(module, data, SETTINGS, masks=pruned.masks)
    assert same(tensors(at_once.module), tensors(module))


def test_epochs_before_all_is_pruned_are_neither_best_nor_on_target(data: Dataset) -> None:
    settings = FinetuneSettings(
        epochs=4, learning_rate=1e-9, target_accuracy=0.01, restore_best=True, patience=1
    )
    plan = Plan(granularity="weight", ratio=0.9)
    _, results, outcome = prune_gradually(opened(ToyNet()), plan, data, settings)
    assert (outcome.stopped, outcome.epoch, len(outcome.results)) == ("target", 3, 3)
    assert results[1].achieved == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("granularity", ["weight", "channel"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("restore_best", [False, True])
def test_an_interrupted_run_ends_as_one_that_was_not(
    data: Dataset, granularity: str, optimizer: str, schedule: str, restore_best: bool
) -> None:
    settings = FinetuneSettings(
        epochs=3,
        batch_size=16,
        learning_rate=0.02,
        optimizer=optimizer,
        schedule=schedule,
        restore_best=restore_best,
        augmentation="crop-flip",
        distillation=True,
    )
    model, plan = opened(Dropping()), Plan(granularity=granularity, criterion="l2", ratio=0.6)
    saved: list[bytes] = []

    def save(state: TrainingState) -> None:
        saved.append(state.to_bytes())
        if state.epoch == 2:
            raise Cancelled

    expected = prune_gradually(model, plan, data, settings, teacher=teacher())
    with pytest.raises(Cancelled):
        prune_gradually(model, plan, data, settings, teacher=teacher(), checkpoint=save)
    state = TrainingState.from_bytes(saved[-1])
    found = prune_gradually(model, plan, data, settings, teacher=teacher(), resume=state)
    assert found[1:] == expected[1:]
    assert same(tensors(found[0].module), tensors(expected[0].module))


def test_a_run_that_diverges_on_its_way_keeps_what_it_had_pruned(data: Dataset) -> None:
    settings = FinetuneSettings(epochs=4, batch_size=16, schedule="constant")
    plan = Plan(granularity="weight", ratio=0.8)
    pruned, results, outcome = prune_gradually(opened(Exploding(5)), plan, data, settings)
    assert (outcome.stopped, outcome.epoch) == ("diverged", 1)
    due = 6  # of 20 updates, in the first of three epochs of pruning
    assert results[1].achieved == pytest.approx(0.8 * (1 - (1 - due / 20) ** 3), abs=0.003)
    assert results[1].requested == 0.8
    assert "training ended before" in results[1].reason
    weight = pruned.module.get_parameter("conv2.weight")
    assert int(weight.count_nonzero()) == results[1].kept
    found = evaluate(pruned.module, data.validation)
    assert found.accuracy == outcome.results[0].validation_accuracy
