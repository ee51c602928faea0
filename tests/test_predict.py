"""Predictions are what pruning then gives."""

import random

import pytest
import torch
from networks import TRAPS, Network, Trap
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from toys import dense_model, toy_net

from workbench import Plan
from workbench.measure.energy import energy_of
from workbench.measure.macs import macs_of
from workbench.measure.size import nonzero_count, parameter_count, state_dict_bytes
from workbench.models import build_model
from workbench.predict import Prediction, Predictor
from workbench.pruned import PrunedModel

SHAPES = {"digits_cnn": (1, 8, 8), "resnet20": (3, 16, 16)}


def bundled(name: str) -> PrunedModel:
    torch.manual_seed(0)
    arguments = {"num_classes": 10, "input_shape": list(SHAPES[name])}
    origin = {"kind": "bundled", "constructor": name, "arguments": arguments}
    return dense_model(build_model(origin), SHAPES[name])


def predicted(current: PrunedModel, plan: Plan) -> Prediction:
    return Predictor(current).predict(plan, current.scores(plan))


def flops(module: nn.Module, shape: tuple[int, ...]) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, *shape))
    return int(counter.get_total_flops())


def some_plan(current: PrunedModel, draw: random.Random) -> Plan:
    granularity = draw.choice(["channel", "weight"])
    floor = draw.choice([0, 0.3 * draw.random()])
    names = [unit.name for unit in current.anatomy.units(granularity) if unit.prunable]
    return Plan(
        granularity=granularity,
        criterion=draw.choice(["l1", "random"]),
        scope=draw.choice(["local", "global"]),
        ratio=draw.random() * 0.95,
        ratios={name: draw.random() * 0.95 for name in draw.sample(names, len(names) // 3)},
        min_ratio=floor,
        max_ratio=draw.choice([1, 0.5 + 0.5 * draw.random()]),
        min_ratios=dict.fromkeys(draw.sample(names, 1), 0.45),
        max_ratios=dict.fromkeys(draw.sample(names, 1), 0.5),
        locks=frozenset(draw.sample(names, 1)),
        round_to=draw.choice([1, 1, 8]),
        seed=draw.randrange(100),
    )


@pytest.mark.parametrize("name", SHAPES)
def test_predictions_are_what_random_plans_give_step_after_step(name: str) -> None:
    draw = random.Random(name)
    dense = current = bundled(name)
    for number in range(10):
        plan = some_plan(current, draw)
        found = predicted(current, plan)
        pruned, results = current.prune(plan)
        assert found.parameters == parameter_count(pruned.module)
        assert found.size_bytes == state_dict_bytes(pruned.module)
        assert found.macs == macs_of(pruned.module, dense.anatomy.layers)
        assert found.macs * 2 == flops(pruned.module, SHAPES[name])
        assert found.energy_mj == pytest.approx(energy_of(pruned.module, dense.anatomy.layers))
        assert found.kept == {result.unit: result.kept for result in results}
        assert found.reasons == {result.unit: result.reason for result in results if result.reason}
        if plan.granularity == "weight":
            assert found.nonzero_parameters == nonzero_count(pruned.module)
        current = pruned if number % 3 else dense


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_predictions_hold_on_traps(trap: Trap) -> None:
    dense = dense_model(trap.make().eval(), trap.shape)
    pruned, _ = dense.prune(Plan(ratio=0.5))
    found = predicted(dense, Plan(ratio=0.5))
    assert found.parameters == parameter_count(pruned.module) < parameter_count(dense.module)
    assert found.size_bytes == state_dict_bytes(pruned.module)
    assert found.macs * 2 == flops(pruned.module, trap.shape)
    assert found.energy_mj == pytest.approx(energy_of(pruned.module, dense.anatomy.layers))


def test_what_is_predicted_by_hand(dense: PrunedModel) -> None:
    found = predicted(dense, Plan(ratios={"conv1": 0.5, "conv2": 0.99}))
    # conv1 2x1x3x3, bn 2+2, conv2 1x2x3x3+1, classifier 3x1+3
    assert found.parameters == found.nonzero_parameters == 18 + 4 + 19 + 6
    assert found.macs == 18 * 16 + 18 * 16 + 3
    assert found.size_bytes == 4 * (18 + 4 + 4 + 19 + 6) + 8
    assert found.kept == {"conv1": 2, "conv2": 1, "classifier": 3}
    assert found.reasons == {
        "conv2": "at least one is kept",
        "classifier": "these are the model outputs",
    }


def test_zeros_that_are_there_already_are_removed_first() -> None:
    module = toy_net()
    module.get_parameter("conv2.weight").data.flatten()[:108] = 0
    dense = dense_model(module, (1, 4, 4))
    for ratio in (0.0, 0.25, 0.5, 0.75):
        plan = Plan(granularity="weight", ratios={"conv2": ratio})
        pruned, _ = dense.prune(plan)
        assert predicted(dense, plan).nonzero_parameters == nonzero_count(pruned.module)


def test_zeros_of_biases_and_norms_go_with_their_channels() -> None:
    module = toy_net()
    module.get_parameter("bn.bias").data.zero_()
    module.get_parameter("conv2.bias").data.zero_()
    dense = dense_model(module, (1, 4, 4))
    pruned, _ = dense.prune(Plan(ratio=0.5))
    assert predicted(dense, Plan(ratio=0.5)).nonzero_parameters == nonzero_count(pruned.module)


def test_masks_are_assumed_to_keep_their_density_when_channels_go(dense: PrunedModel) -> None:
    sparse, _ = dense.prune(Plan(granularity="weight", ratios={"conv2": 0.5}))
    found = predicted(sparse, Plan(ratios={"conv1": 0.5}))
    assert found.nonzero_parameters == 18 + 4 + 54 + 6 + 21


def test_predicting_touches_and_runs_nothing(dense: PrunedModel) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the model was run")

    predictor = Predictor(dense)
    dense.module.register_forward_hook(fail)
    before = {name: tensor.clone() for name, tensor in dense.module.state_dict().items()}
    predictor.predict(Plan(ratio=0.5))
    predictor.predict(Plan(granularity="weight", ratio=0.5))
    assert all(torch.equal(before[n], t) for n, t in dense.module.state_dict().items())


def test_one_predictor_answers_every_plan_and_every_scoring(dense: PrunedModel) -> None:
    predictor = Predictor(dense)
    half = Plan(granularity="weight", scope="global", ratio=0.5)
    first = predictor.predict(half, dense.scores(half))
    assert predictor.predict(half, dense.scores(half)) == first
    by_chance = predictor.predict(half, dense.scores(half.with_(criterion="random")))
    assert by_chance.kept != first.kept
    quarter = predictor.predict(half.with_(ratio=0.25), dense.scores(half))
    assert (
        sum(quarter.kept.values()) == sum(dense.alive("weight")[n].sum() for n in first.kept) - 68
    )


def test_layers_with_shared_or_computed_weights_are_counted() -> None:
    computed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4, bias=False))
    net = Network(lambda m, x: m.last(m.first(x)), first=computed, last=nn.Linear(4, 3))
    dense = dense_model(net.eval(), (4,))
    plan = Plan(granularity="weight", ratio=0.5)
    pruned, _ = dense.prune(plan)
    found = predicted(dense, plan)
    assert found.macs * 2 == flops(pruned.module, (4,))
    assert found.parameters == parameter_count(pruned.module)
    assert found.nonzero_parameters == nonzero_count(pruned.module)
    assert found.size_bytes == state_dict_bytes(pruned.module)
