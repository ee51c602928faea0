import copy

import pytest
import torch
from torch import nn
from toys import ToyNet, dense_model

from workbench import Plan
from workbench.data import Dataset
from workbench.errors import ModelError
from workbench.lottery import reinitialize, rewind
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, finetune

CHANNELS = Plan(ratio=0.5)
WEIGHTS = Plan(granularity="weight", ratio=0.85)  # more than goes with half of all channels


def pruned(dense: PrunedModel, *plans: Plan) -> PrunedModel:
    for plan in plans:
        dense, _ = dense.prune(plan)
    return dense


def trained(model: PrunedModel, data: Dataset) -> PrunedModel:
    module = copy.deepcopy(model.module)
    finetune(module, data, FinetuneSettings(epochs=2), masks=model.masks)
    return model.with_module(module)


def same(first: nn.Module, second: nn.Module) -> bool:
    one, other = first.state_dict(), second.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("plans", [(CHANNELS,), (WEIGHTS,), (CHANNELS, WEIGHTS)])
def test_rewinding_gives_what_is_left_the_weights_it_had(
    dense: PrunedModel, data: Dataset, plans: tuple[Plan, ...]
) -> None:
    ticket = pruned(dense, *plans)
    found = rewind(trained(ticket, data), dense)
    assert same(found.module, ticket.module)
    assert not same(found.module, trained(ticket, data).module)
    for granularity in ("channel", "weight"):
        left, now = ticket.alive(granularity), found.alive(granularity)
        assert all((left[unit] == now[unit]).all() for unit in left)


def test_rewinding_to_a_step_in_between_works_too(dense: PrunedModel, data: Dataset) -> None:
    between = trained(pruned(dense, Plan(ratio=0.25)), data)
    ticket = pruned(between, CHANNELS)
    assert same(rewind(trained(ticket, data), between).module, ticket.module)


def test_rewinding_leaves_both_models_as_they_are(dense: PrunedModel, data: Dataset) -> None:
    ticket = trained(pruned(dense, CHANNELS), data)
    before = copy.deepcopy(dense.module), copy.deepcopy(ticket.module)
    rewind(ticket, dense)
    assert same(before[0], dense.module) and same(before[1], ticket.module)


def test_a_step_that_lacks_something_is_refused(dense: PrunedModel) -> None:
    message = r"of unit 'conv1' 2 channels of 4 had been removed there\. Rewind to an earlier step"
    with pytest.raises(ModelError, match=message):
        rewind(dense, pruned(dense, CHANNELS))
    with pytest.raises(ModelError, match=r"of unit 'conv1' \d+ weights of 36 had been removed"):
        rewind(dense, pruned(dense, WEIGHTS))


def test_another_model_is_refused(dense: PrunedModel) -> None:
    with pytest.raises(ModelError, match="got one of another model"):
        rewind(dense, dense_model(ToyNet(), (1, 4, 4)))


def test_fresh_weights_follow_from_the_seed_in_what_is_left(dense: PrunedModel) -> None:
    ticket = pruned(dense, CHANNELS, WEIGHTS)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    first, again, other = (reinitialize(ticket, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(2), expected)
    assert same(first.module, again.module) and not same(first.module, other.module)
    assert first.module.get_parameter("conv2.weight").shape == (3, 2, 3, 3)
    assert ticket.masks.keys() == {"conv1", "conv2", "classifier"}
    for name, mask in ticket.masks.items():
        weight = first.module.get_submodule(name).weight
        assert torch.equal(weight != 0, mask)  # type: ignore[arg-type]
    assert torch.equal(first.module.get_buffer("bn.running_mean"), torch.zeros(2))


def test_a_small_network_starts_as_its_own_constructor_would(dense: PrunedModel) -> None:
    found = reinitialize(pruned(dense, CHANNELS)).module.get_parameter("conv2.weight")
    bound = (2 * 9) ** -0.5  # of what is left, not of the dense layer
    assert bound * 0.8 < float(found.detach().abs().max()) <= bound


def test_a_module_that_cannot_draw_its_parameters_is_named() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale

    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), Scaled(), nn.Linear(4, 3))
    with pytest.raises(ModelError, match=r"and Scaled '2' has none\. Add one to its class"):
        reinitialize(dense_model(module, (1, 4, 4)))
