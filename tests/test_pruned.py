"""What must always hold when a plan is carried out."""

import copy
import random

import numpy as np
import pytest
import torch
from networks import TRAPS, Trap
from torch import Tensor, nn
from toys import dense_model, lively, toy_net

from workbench import Plan
from workbench.anatomy import Anatomy
from workbench.criteria import CRITERIA
from workbench.criteria.l1 import L1
from workbench.errors import CriterionError, ModelError, PlanError
from workbench.masks import mask_channels
from workbench.models import build_model
from workbench.pruned import PrunedModel

SHAPES = {"digits_cnn": (1, 8, 8), "resnet20": (3, 16, 16)}


@pytest.fixture(scope="module", params=SHAPES)
def network(request: pytest.FixtureRequest) -> tuple[PrunedModel, Tensor]:
    """A bundled network in float64 with random statistics, and inputs for it."""
    torch.manual_seed(0)
    shape = SHAPES[request.param]
    arguments = {"num_classes": 10, "input_shape": list(shape)}
    module = build_model({"kind": "bundled", "constructor": request.param, "arguments": arguments})
    return dense_model(lively(module), shape), torch.randn(4, *shape, dtype=torch.float64)


def contents(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)


def masked(dense: PrunedModel, pruned: PrunedModel) -> nn.Module:
    module = copy.deepcopy(dense.module)
    mask_channels(module, dense.anatomy.graph, pruned.channels)
    return module


@torch.no_grad()
def difference(first: nn.Module, second: nn.Module, inputs: Tensor) -> float:
    expected = first(inputs)
    assert expected.abs().max() > 1e-9, "a network that answers 0 proves nothing"
    return float((expected - second(inputs)).abs().max())


PLANS = [
    Plan(ratio=0.5),
    Plan(ratio=0.7, criterion="l2", round_to=4),
    Plan(ratio=0.4, scope="global"),
    Plan(ratio=0.6, criterion="random", seed=7),
]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_pruned_model_answers_like_the_masked_one(
    network: tuple[PrunedModel, Tensor], plan: Plan
) -> None:
    dense, inputs = network
    pruned, _ = dense.prune(plan)
    assert difference(masked(dense, pruned), pruned.module, inputs) < 1e-10


def test_a_model_pruned_in_steps_answers_like_the_masked_one(
    network: tuple[PrunedModel, Tensor],
) -> None:
    dense, inputs = network
    pruned = dense
    for ratio, criterion in ((0.25, "l1"), (0.5, "random"), (0.7, "l2")):
        pruned, _ = pruned.prune(Plan(ratio=ratio, criterion=criterion))
        assert difference(masked(dense, pruned), pruned.module, inputs) < 1e-10


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_traps_pruned_in_two_steps_answer_like_the_masked_ones(trap: Trap) -> None:
    torch.manual_seed(1)
    dense = dense_model(lively(trap.make()), trap.shape)
    once, _ = dense.prune(Plan(ratio=0.25))
    twice, results = once.prune(Plan(ratio=0.5))
    inputs = torch.randn(2, *trap.shape, dtype=torch.float64)
    assert difference(masked(dense, twice), twice.module, inputs) < 1e-10
    for result in results:
        assert result.reason or result.kept == round(result.size * 0.5)


@pytest.mark.parametrize("granularity", ["channel", "weight"])
def test_pruning_leaves_the_model_it_starts_from_untouched(
    network: tuple[PrunedModel, Tensor], granularity: str
) -> None:
    dense, inputs = network
    before, answers = contents(dense.module), dense.module(inputs)
    pruned, _ = dense.prune(Plan(granularity=granularity, ratio=0.5))
    pruned.module.get_parameter(
        "classifier.weight" if "classifier" in str(pruned.module) else "linear.weight"
    ).data.zero_()
    assert same(before, contents(dense.module))
    assert torch.equal(answers, dense.module(inputs))
    assert not dense.channels and not dense.weights


class _Largest(L1):
    """Scores a filter by its largest entry: no removal of inputs changes it here."""

    name = "largest"

    def channel_importance(self, weight: Tensor) -> Tensor:
        return weight.detach().flatten(1).amax(1).float()


def test_channels_pruned_once_to_half_equal_those_pruned_in_two_steps(
    network: tuple[PrunedModel, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With magnitudes the scores themselves change as inputs go, so these filters are constant,
    and all layers that make a group's channels rank them alike."""
    monkeypatch.setitem(CRITERIA, "largest", _Largest())
    dense, _ = network
    module = copy.deepcopy(dense.module)
    draw = np.random.default_rng(3)
    for group in dense.anatomy.graph.groups:
        constants = torch.from_numpy(draw.permutation(group.size) + 1.0)
        for member in group.members:
            if member.role == "output" and member.parameter.endswith(".weight"):
                weight = module.get_parameter(member.parameter).data
                weight[member.indices.ravel()] = constants.reshape(-1, *[1] * (weight.dim() - 1))
    dense = PrunedModel(dense.anatomy, module)
    plan = Plan(criterion="largest", ratio=0.5)
    once, results = dense.prune(plan)
    halfway, _ = dense.prune(plan.with_(ratio=0.25))
    twice, results_in_steps = halfway.prune(plan)
    assert all(np.array_equal(once.channels[n], twice.channels[n]) for n in once.channels)
    assert same(contents(once.module), contents(twice.module))
    assert results == results_in_steps


@pytest.mark.parametrize("scope", ["local", "global"])
@pytest.mark.parametrize("criterion", ["l1", "l2", "random"])
def test_weights_pruned_once_equal_those_pruned_in_two_steps(
    network: tuple[PrunedModel, Tensor], criterion: str, scope: str
) -> None:
    dense, _ = network
    plan = Plan(granularity="weight", criterion=criterion, scope=scope, ratio=0.5)
    once, results = dense.prune(plan)
    twice, results_in_steps = dense.prune(plan.with_(ratio=0.25))[0].prune(plan)
    assert same(contents(once.module), contents(twice.module))
    assert [r.kept for r in results] == [r.kept for r in results_in_steps]


def test_every_masked_weight_lies_below_every_kept_one() -> None:
    dense = dense_model(toy_net(), (1, 4, 4))
    pruned, _ = dense.prune(Plan(granularity="weight", ratio=0.5))
    for name, mask in pruned.masks.items():
        weight = dense.module.get_submodule(name).weight
        assert weight[~mask].abs().max() < weight[mask].abs().min()
        assert torch.equal(pruned.module.get_submodule(name).weight, weight * mask)


def test_weights_that_were_removed_never_come_back() -> None:
    sparse = dense_model(toy_net(), (1, 4, 4))
    left = sparse.alive("weight")
    for seed, ratio in enumerate((0.5, 0.3, 0.7)):
        plan = Plan(granularity="weight", criterion="random", ratio=ratio, seed=seed)
        sparse, results = sparse.prune(plan)
        now = sparse.alive("weight")
        assert not any((now[name] & ~left[name]).any() for name in now)
        assert [r.reason for r in results] == ["already pruned further" if seed == 1 else ""] * 3
        assert [r.kept for r in results] == [int(flags.sum()) for flags in now.values()]
        left = now


def test_masks_follow_the_channels_that_are_removed_later() -> None:
    dense = dense_model(toy_net(), (1, 4, 4))
    sparse, _ = dense.prune(Plan(granularity="weight", ratio=0.5))
    smaller, _ = sparse.prune(Plan(ratios={"conv1": 0.5}))
    shapes = {name: tuple(mask.shape) for name, mask in smaller.masks.items()}
    assert shapes == {"conv1": (2, 1, 3, 3), "conv2": (6, 2, 3, 3), "classifier": (3, 6)}
    for name, mask in smaller.masks.items():
        weight = smaller.module.get_submodule(name).weight
        assert torch.equal(weight != 0, mask)


def test_weights_of_removed_channels_count_as_removed() -> None:
    dense = dense_model(toy_net(), (1, 4, 4))
    smaller, _ = dense.prune(Plan(ratios={"conv1": 0.5}))
    assert int(smaller.alive("weight")["conv2"].sum()) == 108
    sparse, results = smaller.prune(Plan(granularity="weight", ratio=0.75))
    assert int(sparse.module.get_parameter("conv2.weight").count_nonzero()) == 54
    conv2 = next(result for result in results if result.unit == "conv2")
    assert (conv2.kept, conv2.size, conv2.achieved) == (54, 216, 0.75)


def test_an_untouched_plan_changes_nothing() -> None:
    dense = dense_model(toy_net(), (1, 4, 4))
    for granularity in ("channel", "weight"):
        pruned, results = dense.prune(Plan(granularity=granularity))
        assert same(contents(dense.module), contents(pruned.module))
        assert not pruned.masks and not pruned.structure.kept
        assert all(result.achieved == 0 for result in results)


def test_frozen_parameters_stay_frozen() -> None:
    module = toy_net()
    module.get_parameter("conv1.weight").requires_grad_(False)
    pruned, _ = dense_model(module, (1, 4, 4)).prune(Plan(ratio=0.5))
    assert not pruned.module.get_parameter("conv1.weight").requires_grad
    assert pruned.module.get_parameter("conv2.weight").requires_grad


def test_every_unit_reports_request_outcome_and_reason(
    network: tuple[PrunedModel, Tensor],
) -> None:
    dense, _ = network
    draw = random.Random(0)
    names = [unit.name for unit in dense.anatomy.units("channel") if unit.prunable]
    plan = Plan(ratios={name: draw.random() * 0.9 for name in names}, round_to=4)
    pruned, results = dense.prune(plan)
    assert [result.unit for result in results] == [u.name for u in dense.anatomy.units("channel")]
    for result in results:
        assert result.requested == plan.ratio_of(result.unit)
        assert result.kept == int(pruned.alive("channel")[result.unit].sum())
        assert result.achieved == 1 - result.kept / result.size
        if abs(result.achieved - result.requested) > 0.5 / result.size + 1e-9:
            assert result.reason


def test_a_model_that_cannot_be_traced_still_has_weights_to_prune() -> None:
    class LeavesPyTorch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(torch.from_numpy(x.numpy()))

    dense = dense_model(LeavesPyTorch().eval(), (4,))
    assert "LeavesPyTorch cannot be traced" in dense.anatomy.trace_failure
    assert dense.anatomy.notes == (dense.anatomy.trace_failure,)
    assert dense.anatomy.units("channel") == ()
    pruned, _ = dense.prune(Plan(granularity="weight", ratio=0.5))
    assert int(pruned.module.get_parameter("layer.weight").count_nonzero()) == 6


def test_shapes_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(ModelError, match=r"example input of shape \(1, 3, 4, 4\)"):
        Anatomy.of(toy_net(), torch.zeros(1, 3, 4, 4))


def test_a_plan_is_checked_against_the_model(dense: PrunedModel) -> None:
    dense.anatomy.check(Plan(ratios={"conv1": 0.5}))
    with pytest.raises(CriterionError, match="got 'tailor'"):
        dense.anatomy.check(Plan(criterion="tailor"))
    with pytest.raises(PlanError, match=r"a plan must be a workbench\.Plan, got 0\.5\."):
        dense.anatomy.check(0.5)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="no weight unit 'bn'"):
        dense.anatomy.check(Plan(granularity="weight", ratios={"bn": 0.5}))
