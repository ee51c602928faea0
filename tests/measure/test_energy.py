"""Energy of one inference, estimated: operations and traffic, reckoned by hand."""

import re
from typing import Any

import pytest
import torch
from networks import Network
from torch import nn
from toys import dense_model, toy_net

from workbench import Plan
from workbench.errors import DataError
from workbench.layers import list_layers
from workbench.measure.energy import PRICES, EnergyPrices, energy_of, layer_energies
from workbench.pruned import PrunedModel

MAC_PJ = {"float32": 4.6, "float16": 1.5, "int8": 0.3}
ITEM_PJ = {"float32": 650, "float16": 325, "int8": 162.5}


def reckoned(macs: int, items: int, precision: str = "float32") -> Any:
    return pytest.approx((macs * MAC_PJ[precision] + items * ITEM_PJ[precision]) * 1e-9)


def energy(module: nn.Module, *shape: int) -> float:
    return energy_of(module, list_layers(module, torch.zeros(1, *shape)))


@pytest.mark.parametrize("precision", PRICES)
def test_the_toy_network_costs_what_is_reckoned_by_hand(dense: PrunedModel, precision: str) -> None:
    by_layer = {
        one.layer: one.millijoules(one.shape)
        for one in layer_energies(dense.anatomy.layers, precision)
    }
    assert by_layer == {
        # multiply-adds; weights, inputs and outputs
        "conv1": reckoned(36 * 16, 36 + 16 + 64, precision),
        "conv2": reckoned(216 * 16, 216 + 64 + 96, precision),
        "classifier": reckoned(18, 18 + 6 + 3, precision),
    }
    total = energy_of(dense.module, dense.anatomy.layers, precision)
    assert total == pytest.approx(sum(by_layer.values()))


def test_a_pruned_network_costs_what_is_left_of_it() -> None:
    dense = dense_model(toy_net(), (1, 4, 4))
    pruned, _ = dense.prune(Plan(ratios={"conv1": 0.5}))
    assert energy_of(pruned.module, dense.anatomy.layers) == reckoned(
        18 * 16 + 108 * 16 + 18, (18 + 16 + 32) + (108 + 32 + 96) + (18 + 6 + 3)
    )


def test_masked_weights_cost_as_much_as_others(dense: PrunedModel) -> None:
    masked, _ = dense.prune(Plan(granularity="weight", ratio=0.9))
    assert energy_of(masked.module, dense.anatomy.layers) == energy_of(
        dense.module, dense.anatomy.layers
    )


def test_layers_whose_weight_lies_another_way_count_their_own_inputs_and_outputs() -> None:
    assert energy(nn.ConvTranspose2d(2, 3, 2, stride=2, bias=False), 2, 4, 4) == reckoned(
        24 * 16, 24 + 32 + 192
    )
    assert energy(nn.Conv2d(4, 4, 3, padding=1, groups=4), 4, 4, 4) == reckoned(
        36 * 16, 36 + 64 + 64
    )
    assert energy(nn.Conv2d(4, 6, 1, groups=2), 4, 4, 4) == reckoned(12 * 16, 12 + 64 + 96)
    assert energy(nn.Linear(5, 3), 7, 5) == reckoned(15 * 7, 15 + 35 + 21)


def test_half_of_a_depthwise_layer_costs_half() -> None:
    (layer,) = layer_energies(list_layers(nn.Conv2d(4, 4, 3, groups=4), torch.zeros(1, 4, 4, 4)))
    assert layer.millijoules((2, 1, 3, 3)) == pytest.approx(layer.millijoules((4, 1, 3, 3)) / 2)


def test_a_layer_that_runs_twice_pays_twice() -> None:
    once = Network(lambda m, x: m.same(x), same=nn.Linear(4, 4))
    twice = Network(lambda m, x: m.same(m.same(x)), same=nn.Linear(4, 4))
    assert energy(twice, 4) == pytest.approx(2 * energy(once, 4))


def test_other_prices_give_other_energies() -> None:
    assert EnergyPrices(1, 2, 4, byte_pj=10).mac_pj == 3
    assert EnergyPrices(1, 2, 4, byte_pj=10).item_pj == 40


def test_an_unknown_precision_is_refused_with_those_there_are(dense: PrunedModel) -> None:
    message = "must be one of float32, float16, int8; got 'int3'."
    with pytest.raises(DataError, match=re.escape(message)):
        layer_energies(dense.anatomy.layers, "int3")
