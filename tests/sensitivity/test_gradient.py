"""Estimates from gradients: exact where the model is linear, and in the right order elsewhere."""

import numpy as np
import pytest
import torch
from networks import Network, conv, pooled
from scanning import Case, network_case, random_data
from scipy.stats import spearmanr
from torch import nn
from toys import dense_model

from workbench import Plan
from workbench.data import Dataset, open_data
from workbench.errors import DataError, PlanError, UnknownUnitError
from workbench.models import open_model
from workbench.progress import Cancelled
from workbench.pruned import PrunedModel
from workbench.sensitivity import GradientCurve, gradient, gradient_curves, scan
from workbench.sensitivity.targets import Target, chosen_units, each_alone

HALF = (0.5,)


def training(data: Dataset, seed: int = 0):
    return data.train.batches(32, shuffle=torch.Generator().manual_seed(seed))


def curves(case: Case, plan: Plan | None = None, **settings) -> dict[str, GradientCurve]:
    model, data = case
    return dict(gradient_curves(model, training(data), plan or Plan(), **settings))


def linear_case() -> Case:
    """A network without any nonlinearity behind its two convolutions."""
    torch.manual_seed(1)
    module = Network(
        lambda m, x: m.head(pooled(m.second(m.stem(x)))),
        stem=conv(3, 6),
        second=conv(6, 8),
        head=nn.Linear(8, 5),
    ).eval()
    with torch.no_grad():
        module.head.weight += torch.randn(8)  # all scores move together, which changes no answer
    return dense_model(module, (3, 4, 4)), random_data((3, 4, 4), 5)


@pytest.mark.parametrize("granularity", ["channel", "weight"])
def test_where_the_model_is_linear_the_change_is_the_one_that_pruning_makes(
    monkeypatch: pytest.MonkeyPatch, granularity: str
) -> None:
    monkeypatch.setattr(gradient, "PROBES", 400)
    model, data = linear_case()
    plan = Plan(granularity=granularity)
    inputs, labels = (torch.cat(parts) for parts in zip(*training(data), strict=True))
    found = curves((model, data), plan, ratios=HALF)
    with torch.no_grad():
        scores = model.module(inputs)
        right = scores.gather(1, labels[:, None])[:, 0]
        rest = scores.scatter(1, labels[:, None], -torch.inf).amax(1)
        for unit, curve in found.items():
            pruned, _ = model.prune(plan.with_ratio(unit, 0.5))
            change = pruned.module(inputs) - scores
            apart = change[:, :, None] - change[:, None, :]
            pairs = apart[:, *np.triu_indices(5, 1)]
            expected = pairs.square().mean().sqrt() / (right - rest).abs().median()
            assert curve.changes[0] == pytest.approx(float(expected), rel=0.1)


def test_estimates_of_a_trained_network_come_in_about_the_order_of_what_is_measured() -> None:
    data = open_data("digits")
    module = open_model("digits_cnn", num_classes=10, input_shape=(1, 8, 8)).module
    model = dense_model(module, (1, 8, 8))
    estimated = curves((model, data))
    measured = scan(model, data, Plan())
    assert set(estimated) == set(measured.units)
    guesses = [change for unit in measured.units for change in estimated[unit].changes]
    losses = [point.loss for point in measured.points]
    assert spearmanr(guesses, losses)[0] > 0.9


def test_the_same_seed_gives_the_same_estimate(case: Case) -> None:
    assert curves(case) == curves(case)


def test_an_estimate_leaves_the_model_untouched(case: Case) -> None:
    module = case[0].module
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    drawn = torch.random.get_rng_state()
    curves(case)
    assert all(torch.equal(before[name], now) for name, now in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(drawn, torch.random.get_rng_state())


def test_an_estimate_starts_from_the_model_as_it_is(residual: Case) -> None:
    model, data = residual
    once, _ = model.prune(Plan(ratios={"stem": 0.5}))
    found = curves((once, data), ratios=(0.25, 0.75), units=["stem"])["stem"]
    assert found.changes[0] == 0, "as much is gone already"
    assert found.changes[1] > 0


def test_weights_that_are_masked_count_no_more(residual: Case) -> None:
    model, data = residual
    once, _ = model.prune(Plan(granularity="weight", ratios={"second": 0.5}))
    plan = Plan(granularity="weight")
    assert curves((once, data), plan, ratios=HALF, units=["second"])["second"].changes == (0.0,)


@pytest.mark.parametrize("plan", [Plan(), Plan(round_to=4), Plan(granularity="n:m")], ids=str)
def test_units_are_ranked_together_as_each_is_alone(residual: Case, plan: Plan) -> None:
    model: PrunedModel = residual[0]
    names = chosen_units(model, plan, None)
    kept = model.select(each_alone(model, plan, names, 0.5)).kept
    for unit in names:
        assert (kept[unit] == Target.of(model, plan, unit, 0.5).flags).all()


class Stopped:
    def report(self, done: float, total: float, message: str = "") -> None:
        if done:
            raise Cancelled


def test_an_estimate_can_be_cancelled() -> None:
    with pytest.raises(Cancelled):
        curves(network_case("digits_cnn"), monitor=Stopped())


def test_bad_input_is_refused(residual: Case) -> None:
    with pytest.raises(UnknownUnitError, match="no channel unit 'frist'"):
        curves(residual, units=["frist"])
    with pytest.raises(PlanError, match=r"must be in \(0, 1\), got 1"):
        curves(residual, ratios=[1])
    with pytest.raises(DataError, match="at least 1 labelled input"):
        gradient_curves(residual[0], [], Plan())
