import re

import numpy as np
import pytest
import torch
from gradual.nets import AcrossChannels
from toys import ToyNet, dense_model, toy_data
from training.nets import fresh

from workbench import Plan
from workbench.errors import PlanError
from workbench.gradual import GradualMasks, GradualSettings
from workbench.gradual.interim import interim_plan
from workbench.pruned import PrunedModel

FOUR = GradualSettings("linear", 0.0, 1.0, 4)
TRAIN = toy_data().train


def toy(seed: int = 0) -> PrunedModel:
    torch.manual_seed(seed)
    return dense_model(ToyNet().eval(), (1, 4, 4))


def gradual(model: PrunedModel, plan: Plan, settings: GradualSettings = FOUR) -> GradualMasks:
    return GradualMasks(model, plan, settings, epochs=4, data=TRAIN)


def left(masks: GradualMasks, model: PrunedModel, granularity: str) -> dict[str, int]:
    now = masks.pruned(model.module).alive(granularity)
    return {name: int(flags.sum()) for name, flags in now.items()}


def test_masks_change_at_updates_only() -> None:
    model = toy()
    masks = gradual(model, Plan(granularity="weight", ratio=0.5))
    found = [masks.masks_at(epoch / 2, model.module) is not None for epoch in range(10)]
    assert found == [False, False, True, False, True, False, True, False, True, False]
    assert masks.settled == 4


@pytest.mark.parametrize("granularity", ["weight", "channel"])
def test_more_and_more_is_masked_until_the_plan_is_carried_out(granularity: str) -> None:
    model = toy()
    plan = Plan(granularity=granularity, ratio=0.5)
    masks = gradual(model, plan)
    counts = [left(masks, model, granularity)["conv2"]]
    for epoch in range(1, 5):
        masks.masks_at(epoch, model.module)
        counts.append(left(masks, model, granularity)["conv2"])
    size = 216 if granularity == "weight" else 6
    assert counts == [size, *(round(size * (1 - n / 8)) for n in range(1, 5))]
    expected, results = model.prune(plan)
    assert masks.results == results
    for name, flags in masks.pruned(model.module).alive(granularity).items():
        assert np.array_equal(flags, expected.alive(granularity)[name])


@pytest.mark.parametrize("granularity", ["weight", "channel"])
def test_what_is_masked_never_comes_back(granularity: str) -> None:
    model = toy()
    masks = gradual(model, Plan(granularity=granularity, ratio=0.6))
    before = model.alive(granularity)
    for epoch in range(1, 5):
        masks.masks_at(epoch, toy(seed=epoch).module)  # other weights rank otherwise
        now = masks.pruned(model.module).alive(granularity)
        assert all((now[name] <= before[name]).all() for name in now)
        before = now


def test_weights_are_scored_as_they_are_at_the_time() -> None:
    model, later = toy(), toy(seed=1)
    masks = gradual(model, Plan(granularity="weight", ratio=0.5), GradualSettings(updates=1))
    found = masks.masks_at(4, later.module)
    assert found is not None
    expected, _ = later.prune(Plan(granularity="weight", ratio=0.5))
    assert torch.equal(found["conv2.weight"], expected.masks["conv2"])


def test_channels_are_masked_in_every_tensor_that_holds_them() -> None:
    model = toy()
    masks = gradual(model, Plan(ratios={"conv1": 0.5}), GradualSettings(updates=1))
    found = masks.masks_at(4, model.module)
    assert found is not None
    (gone,) = {tuple((~mask).flatten().nonzero().flatten().tolist()) for mask in found.values()}
    assert len(gone) == 2
    shapes = {name: tuple(mask.shape) for name, mask in found.items()}
    assert shapes == {
        "conv1.weight": (4, 1, 1, 1),
        "bn.weight": (4,),
        "bn.bias": (4,),
        "bn.running_mean": (4,),
        "bn.running_var": (4,),
        "conv2.weight": (1, 4, 1, 1),
    }


@pytest.mark.parametrize("criterion", ["l2", "taylor", "fisher", "apoz", "random"])
def test_criteria_of_every_kind_decide(criterion: str) -> None:
    model = toy()
    masks = gradual(model, Plan(criterion=criterion, ratio=0.5))
    for epoch in range(5):
        masks.masks_at(epoch, model.module)
    assert left(masks, model, "channel") == {"conv1": 2, "conv2": 3, "classifier": 3}


def test_a_model_that_was_pruned_before_is_pruned_further() -> None:
    model, _ = toy().prune(Plan(ratio=0.25))
    masks = gradual(model, Plan(ratio=0.5))
    counts = [left(masks, model, "channel")["conv2"]]
    for epoch in range(1, 5):
        masks.masks_at(epoch, model.module)
        counts.append(left(masks, model, "channel")["conv2"])
    assert counts == [4, 4, 3, 3, 3]


def test_a_state_brings_masks_and_results_back() -> None:
    model = toy()
    first, second = (gradual(model, Plan(ratio=0.6)) for _ in range(2))
    for epoch in (1, 2):
        first.masks_at(epoch, model.module)
    state = first.state()
    assert first.masks_at(4, model.module) is not None
    assert second.restore(state, model.module).keys() == first.restore(state, model.module).keys()
    assert second.results == first.results
    assert left(second, model, "channel") == left(first, model, "channel")
    assert second.masks_at(2, model.module) is None


def test_norms_count_what_is_left_and_count_all_again_when_masks_go() -> None:
    model = dense_model(fresh(AcrossChannels()), (1, 4, 4))
    trained = fresh(AcrossChannels())
    inputs, _ = next(TRAIN.batches(8))
    whole = trained(inputs)
    masks = gradual(model, Plan(ratio=0.5))
    start = masks.state()
    for epoch in (2, 4):
        for name, mask in (masks.masks_at(epoch, trained) or {}).items():
            trained.get_parameter(name).data.masked_fill_(~mask, 0)
        expected = masks.pruned(model.module).module(inputs)
        assert torch.allclose(trained(inputs), expected, atol=1e-6)
    assert masks.restore(start, trained) == {}
    trained.load_state_dict(model.module.state_dict())
    assert torch.equal(trained(inputs), whole)


def test_an_interim_plan_asks_for_less_of_every_unit_of_its_own() -> None:
    plan = Plan(ratio=0.4, ratios={"conv2": 0.8}, locks=frozenset({"conv1"}), min_ratio=0.1)
    found = interim_plan(toy(), plan, FOUR, 2)
    assert (found.ratios["conv2"], found.ratio_of("conv1")) == (pytest.approx(0.4), 0)
    assert found.min_ratio == 0
    assert interim_plan(toy(), plan, FOUR, 4) is plan


def test_under_global_scope_the_shared_ratio_rises() -> None:
    model = toy()
    plan = Plan(scope="global", ratio=0.4, ratios={"conv2": 0.8})
    found = interim_plan(model, plan, FOUR, 1)
    assert found.ratio == pytest.approx(0.1) and found.ratios == {"conv2": pytest.approx(0.2)}
    masks = gradual(model, Plan(scope="global", ratio=0.5))
    for epoch in range(5):
        masks.masks_at(epoch, model.module)
    assert sum(left(masks, model, "channel").values()) == 3 + 5


def test_results_of_pruning_that_did_not_end_say_so() -> None:
    masks = gradual(toy(), Plan(ratio=0.5))
    assert [result.achieved for result in masks.results] == [0, 0, 0]
    masks.masks_at(2, toy().module)
    first, second, last = masks.results
    assert (second.requested, second.achieved) == (0.5, pytest.approx(1 / 3))
    ended = "training ended before it was pruned so far"
    assert first.reason == second.reason == ended
    assert last.reason == "these are the model outputs; " + ended or last.reason


def test_a_pattern_is_refused() -> None:
    message = "must be 'channel' or 'weight', got 'n:m': a pattern is on or off"
    with pytest.raises(PlanError, match=re.escape(message)):
        gradual(toy(), Plan(granularity="n:m", scope="local", ratio=0.5))


def test_a_plan_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PlanError, match="no channel unit 'conv9'"):
        gradual(toy(), Plan(ratios={"conv9": 0.5}))
