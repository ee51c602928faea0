import numpy as np
import torch
from torch import nn
from toys import counted_up, toy_net

from workbench.graph import analyze_channels
from workbench.masks import apply_masks, mask_channels


def test_masked_weights_become_exactly_zero_and_others_stay() -> None:
    module = counted_up(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))
    apply_masks(module, {"0": torch.tensor([[True, False], [False, True]])})
    assert module.get_submodule("0").weight.tolist() == [[0.25, 0], [0, 1]]
    assert module.get_submodule("1").weight.tolist() == [[0.5, 1]]


def test_a_mask_takes_weights_that_are_not_numbers_too() -> None:
    layer = nn.Linear(2, 1)
    layer.weight.data[0, 0] = torch.nan
    apply_masks(nn.Sequential(layer), {"0": torch.tensor([[False, True]])})
    assert layer.weight[0, 0] == 0


def test_masks_leave_no_trace_in_gradients() -> None:
    layer = nn.Linear(2, 1)
    apply_masks(nn.Sequential(layer), {"0": torch.tensor([[False, True]])})
    assert layer.weight.is_leaf and layer.weight.requires_grad
    layer(torch.ones(1, 2)).sum().backward()


def test_a_removed_channel_is_zero_in_every_tensor_that_holds_it() -> None:
    module = toy_net()
    whole = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    graph = analyze_channels(module, torch.zeros(1, 1, 4, 4))
    mask_channels(module, graph, {"conv1": np.array([True, False, True, True])})
    for name in ("conv1.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"):
        tensor = module.state_dict()[name]
        assert not tensor[1].any()
        assert torch.equal(tensor[[0, 2, 3]], whole[name][[0, 2, 3]])
    reader = module.state_dict()["conv2.weight"]
    assert not reader[:, 1].any() and torch.equal(
        reader[:, [0, 2, 3]], whole["conv2.weight"][:, [0, 2, 3]]
    )
    assert torch.equal(module.state_dict()["classifier.weight"], whole["classifier.weight"])


def test_groups_that_are_left_out_stay_whole() -> None:
    module, whole = toy_net(), toy_net().state_dict()
    graph = analyze_channels(module, torch.zeros(1, 1, 4, 4))
    mask_channels(module, graph, {"conv2": np.arange(6) > 0})
    changed = {n for n, t in module.state_dict().items() if not torch.equal(whole[n], t)}
    assert changed == {"conv2.weight", "conv2.bias", "classifier.weight"}
