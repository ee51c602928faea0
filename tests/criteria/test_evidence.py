"""Gathering evidence: bounded, repeatable, and without a trace in the model."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hand_net import ONE_AND_TWO, hand_net
from networks import Network
from torch import Tensor, nn
from toys import dense_model, toy_data, toy_net

from workbench import Plan
from workbench.criteria import CRITERIA
from workbench.errors import CriterionError, DataError
from workbench.progress import SILENT, Cancelled
from workbench.pruned import PrunedModel
from workbench.surgery import prune_channels

DATA_DRIVEN = sorted(name for name, criterion in CRITERIA.items() if criterion.needs_data)
TOY_BATCHES = list(toy_data().train.batches(16))


class Everything:
    """All that scoring must leave as it was."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._tensors = [*module.parameters(), *module.buffers()]
        self._values = copy.deepcopy(self._tensors)
        self._now = self._rest()

    def _rest(self) -> list[object]:
        parameters = list(self._module.parameters())
        return [
            [id(tensor) for tensor in (*parameters, *self._module.buffers())],
            [parameter.requires_grad for parameter in parameters],
            [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in parameters],
            [part.training for part in self._module.modules()],
            [len(part._forward_pre_hooks) for part in self._module.modules()],
            [len(part._forward_hooks) for part in self._module.modules()],
        ]

    def holds(self) -> bool:
        same = all(map(torch.equal, self._values, self._tensors))
        return same and self._rest() == self._now


@pytest.fixture
def busy() -> nn.Module:
    """A network in the middle of somebody's training: one layer frozen, one with a gradient."""
    module = toy_net().train()
    module.get_submodule("bn").eval()
    module.get_parameter("conv1.weight").requires_grad_(False)
    module.get_parameter("conv2.weight").grad = torch.ones(6, 4, 3, 3)
    module.get_submodule("conv2").register_forward_hook(lambda *_: None)
    return module


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_gathering_leaves_the_model_untouched(busy: nn.Module, criterion: str) -> None:
    model, before = dense_model(busy, (1, 4, 4)), Everything(busy)
    model.gather(Plan(criterion=criterion), TOY_BATCHES)
    assert before.holds()


class Stops:
    """Says so at the third report."""

    def __init__(self) -> None:
        self.reports = 0

    def report(self, done: float, total: float, message: str = "") -> None:
        self.reports += 1
        if self.reports == 3:
            raise Cancelled


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_gathering_can_be_cancelled_and_leaves_the_model_untouched(
    busy: nn.Module, criterion: str
) -> None:
    model, before = dense_model(busy, (1, 4, 4)), Everything(busy)
    with pytest.raises(Cancelled):
        model.gather(Plan(criterion=criterion), TOY_BATCHES, Stops())
    assert before.holds()


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_an_error_on_the_way_leaves_the_model_untouched(busy: nn.Module, criterion: str) -> None:
    model, before = dense_model(busy, (1, 4, 4)), Everything(busy)
    data = [*TOY_BATCHES[:1], (torch.zeros(4, 2, 4, 4), torch.zeros(4, dtype=torch.int64))]
    with pytest.raises(RuntimeError, match="2 channels"):
        model.gather(Plan(criterion=criterion), data)
    assert before.holds()


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_frozen_parameters_score_like_others(criterion: str) -> None:
    plan = Plan(criterion=criterion)
    free, frozen = (dense_model(toy_net(), (1, 4, 4)) for _ in range(2))
    frozen.module.requires_grad_(False)
    found = [model.scores(plan, model.gather(plan, TOY_BATCHES)) for model in (free, frozen)]
    for unit in found[0]:
        assert np.array_equal(found[0][unit], found[1][unit])
        assert found[0][unit].any()


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gathering_works_where_gradients_are_off(criterion: str, mode: Any) -> None:
    model = dense_model(toy_net(), (1, 4, 4))
    with mode():
        evidence = model.gather(Plan(criterion=criterion), TOY_BATCHES)
    assert all(
        scores.any() for scores in model.scores(Plan(criterion=criterion), evidence).values()
    )


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_evidence_depends_on_the_seed_alone(criterion: str) -> None:
    noisy = Network(lambda m, x: m.hand(F.dropout(x, 0.5, training=True)), hand=hand_net())
    model, plan = dense_model(noisy.eval(), (1,)), Plan(criterion=criterion)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = model.scores(plan, model.gather(plan, ONE_AND_TWO))
    assert torch.equal(torch.rand(3), expected)
    again = model.scores(plan, model.gather(plan, ONE_AND_TWO))
    assert all(np.array_equal(first[unit], again[unit]) for unit in first)


class Endless:
    """Training data without end, that counts what is read."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.read = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            self.read += self._size
            yield torch.ones(self._size, 1), torch.zeros(self._size, dtype=torch.int64)


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
@pytest.mark.parametrize(("size", "read"), [(32, 256), (100, 300), (1000, 1000)])
def test_at_most_256_inputs_are_used(criterion: str, size: int, read: int) -> None:
    data, reports = Endless(size), []
    reported = type("", (), {"report": lambda self, *args: reports.append(args)})()
    dense_model(hand_net(), (1,)).gather(Plan(criterion=criterion), data, reported)
    assert data.read <= read
    done, total, message = reports[-1]
    assert done == total and message == "reading training data"


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
@pytest.mark.parametrize("data", [[], [(torch.zeros(0, 1), torch.zeros(0).long())]])
def test_without_training_data_there_is_no_evidence(criterion: str, data: Any) -> None:
    with pytest.raises(DataError, match="needs at least 1 labelled input, got 0"):
        dense_model(hand_net(), (1,)).gather(Plan(criterion=criterion), data)


@pytest.mark.parametrize("batch", [torch.ones(2, 1), (torch.ones(2, 1),), ("images", "labels")])
def test_training_data_must_be_pairs_of_tensors(batch: Any) -> None:
    message = rf"pairs of tensors .*, got a {type(batch).__name__} as batch 1"
    with pytest.raises(DataError, match=message):
        dense_model(hand_net(), (1,)).gather(Plan(criterion="taylor"), [*ONE_AND_TWO, batch])


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_scores_without_evidence_are_refused(dense: PrunedModel, criterion: str) -> None:
    plan = Plan(criterion=criterion, ratio=0.5)
    message = f"criterion '{criterion}' needs evidence from training data, got none"
    for refuse in (dense.scores, dense.select, dense.prune):
        with pytest.raises(CriterionError, match=message):
            refuse(plan)


def test_criteria_without_data_read_none(dense: PrunedModel) -> None:
    untouched = iter(TOY_BATCHES)
    evidence = dense.gather(Plan(), untouched, SILENT)
    assert next(untouched) is TOY_BATCHES[0]
    assert not evidence.weights and not evidence.channels


@pytest.mark.parametrize("criterion", sorted(set(DATA_DRIVEN) - {"apoz", "fluctuation"}))
def test_a_loss_that_is_no_number_is_refused(criterion: str) -> None:
    data = [(torch.tensor([[float("nan")]]), torch.tensor([0]))]
    with pytest.raises(
        CriterionError, match=r"must be (a finite number|finite numbers), got (nan|NaN)"
    ):
        dense_model(hand_net(), (1,)).gather(Plan(criterion=criterion), data)


@pytest.mark.parametrize("criterion", ["l1", "l2", "fpgm", "lamp"])
def test_scores_that_are_no_numbers_are_refused(criterion: str) -> None:
    model = dense_model(hand_net(), (1,))
    model.module.get_parameter("0.weight").data[1] = float("nan")
    message = rf"scores by criterion '{criterion}' must be finite, got \d of 3 .* in unit '0'"
    with pytest.raises(CriterionError, match=message):
        model.scores(Plan(criterion=criterion))


def test_class_scores_are_needed_for_a_curvature() -> None:
    net = nn.Sequential(nn.Linear(1, 3), nn.Flatten(0)).eval()
    model = dense_model(nn.Sequential(*hand_net()), (1,))
    model = PrunedModel(model.anatomy, net)
    with pytest.raises(CriterionError, match=r"class scores of shape \(B, classes\), got \(6,\)"):
        model.gather(Plan(criterion="obd"), ONE_AND_TWO)


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_channels_are_pruned_by_training_data_in_one_call(criterion: str) -> None:
    module = toy_net()
    pruned, results = prune_channels(
        module, torch.zeros(1, 1, 4, 4), criterion=criterion, data=TOY_BATCHES
    )
    assert [result.kept for result in results] == [2, 3, 3]
    assert pruned(TOY_BATCHES[0][0]).shape == (16, 3)


@pytest.mark.parametrize("criterion", DATA_DRIVEN)
def test_pruning_by_training_data_asks_for_it(criterion: str) -> None:
    message = f"criterion '{criterion}' of prune_channels needs training data, got data=None. Pass"
    with pytest.raises(DataError, match=re.escape(message)):
        prune_channels(toy_net(), torch.zeros(1, 1, 4, 4), criterion=criterion)
