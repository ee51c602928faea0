import pytest
import torch
from networks import TRAPS, Network
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from toys import toy_net

from workbench.errors import ModelError
from workbench.layers import list_layers, weight_histogram, weight_statistics


def test_layers_come_in_order_with_shapes_and_counts() -> None:
    layers = list_layers(toy_net(), torch.zeros(2, 1, 4, 4))
    assert [(layer.name, layer.kind, layer.parameters) for layer in layers] == [
        ("conv1", "Conv2d", 36),
        ("bn", "BatchNorm2d", 8),
        ("conv2", "Conv2d", 222),
        ("classifier", "Linear", 21),
    ]
    conv2 = layers[2]
    assert (conv2.weight_shape, conv2.weight_name) == ((6, 4, 3, 3), "conv2.weight")
    assert (conv2.input_shape, conv2.output_shape) == ((4, 4, 4), (6, 4, 4))
    assert [layer.weighted for layer in layers] == [True, False, True, True]


def test_macs_are_weights_times_places_for_one_input() -> None:
    layers = list_layers(toy_net(), torch.zeros(2, 1, 4, 4))
    assert [layer.macs for layer in layers] == [36 * 16, 0, 216 * 16, 18]


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_macs_agree_with_torch(trap) -> None:  # type: ignore[no-untyped-def]
    module, example = trap.make().eval(), torch.zeros(1, *trap.shape)
    with FlopCounterMode(display=False) as counter:
        module(example)
    assert (
        2 * sum(layer.macs for layer in list_layers(module, example)) == counter.get_total_flops()
    )


def test_listing_layers_leaves_modes_and_hooks_as_they_were() -> None:
    module = toy_net().train()
    module.get_submodule("bn").eval()
    list_layers(module, torch.zeros(1, 1, 4, 4))
    assert module.training and not module.get_submodule("bn").training
    assert not any(part._forward_hooks for part in module.modules())


def test_hooks_are_gone_even_if_the_model_fails() -> None:
    module = toy_net()
    message = r"the model fails on an example input of shape \(1, 2, 4, 4\): .* 2 channels"
    with pytest.raises(ModelError, match=message):
        list_layers(module, torch.zeros(1, 2, 4, 4))
    assert not any(part._forward_hooks for part in module.modules())


def test_a_layer_that_never_runs_is_listed_without_cost() -> None:
    net = Network(lambda m, x: m.used(x), used=nn.Linear(4, 3), spare=nn.Linear(4, 3))
    spare = list_layers(net, torch.zeros(1, 4))[1]
    assert (spare.name, spare.parameters, spare.macs, spare.output_shape) == ("spare", 15, 0, ())


def test_statistics_of_a_weight_by_hand() -> None:
    found = weight_statistics(torch.tensor([[0.0, 2.0], [-2.0, 4.0]]))
    assert (found.mean, found.smallest, found.largest, found.sparsity) == (1, -2, 4, 0.25)
    assert found.standard_deviation == pytest.approx(5**0.5)


def test_a_histogram_is_symmetric_and_leaves_zeros_out() -> None:
    weight = torch.tensor([0.0, 0.0, 1.0, -2.0, 0.5, 2.0])
    edges, counts = weight_histogram(weight, bins=4)
    assert edges == [-2, -1, 0, 1, 2]
    assert counts == [1, 0, 1, 2]


def test_a_histogram_of_zeros_is_empty() -> None:
    edges, counts = weight_histogram(torch.zeros(5), bins=2)
    assert (edges, counts) == ([-1, 0, 1], [0, 0])
