"""What must always hold: the masked model and the model with removed channels agree."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torchvision
from networks import TRAPS, Trap
from removing import half_removed, largest_difference, lively
from torch import nn
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2
from traps import EVERY_TRAP

from workbench.graph import analyze_channels
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes
from workbench.models import build_model

FAMILIES = {
    "resnet18": 64,
    "vgg11_bn": 32,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "efficientnet_b0": 64,
    "densenet121": 64,
    "squeezenet1_1": 64,
    "shufflenet_v2_x0_5": 64,
    "regnet_y_400mf": 64,
    "resnext50_32x4d": 64,
    "mnasnet0_5": 64,
    "convnext_tiny": 64,
}
"""One network of each family, and an image size in pixels that is large enough for it."""

TRANSFORMERS = {
    "ViT": (
        lambda: torchvision.models.VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=10),
        32,
    ),
    "Swin": (
        lambda: torchvision.models.SwinTransformer(
            [4, 4], 32, [2, 2], [2, 4], [4, 4], num_classes=10
        ),
        64,
    ),
    "Swin v2": (
        lambda: torchvision.models.SwinTransformer(
            [4, 4],
            32,
            [2, 2],
            [2, 4],
            [5, 5],
            num_classes=10,
            block=SwinTransformerBlockV2,
            downsample_layer=PatchMergingV2,
        ),
        64,
    ),
    "MaxViT": (
        lambda: torchvision.models.MaxVit(
            (64, 64), 16, 8, [16, 32], [1, 1], 8, 0.0, num_classes=10
        ),
        64,
    ),
}
"""Small networks of every family with attention, and an image size in pixels."""


@pytest.mark.parametrize("trap", EVERY_TRAP.values(), ids=EVERY_TRAP)
def test_removed_channels_give_the_masked_outputs_on_traps(trap: Trap) -> None:
    inputs = torch.randn(2, *trap.shape, dtype=torch.float64)
    assert largest_difference(lively(trap.make()), inputs) < 1e-10


@pytest.mark.parametrize("name", FAMILIES)
def test_removed_channels_give_the_masked_outputs_on_torchvision_families(name: str) -> None:
    module = lively(torchvision.models.get_model(name, weights=None))
    inputs = torch.randn(2, 3, FAMILIES[name], FAMILIES[name], dtype=torch.float64)
    assert largest_difference(module, inputs) < 1e-10


@pytest.mark.parametrize(("make", "size"), TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_removed_channels_give_the_masked_outputs_on_transformers(
    make: Callable[[], nn.Module], size: int
) -> None:
    module = lively(make())
    for part in module.modules():  # heads start at 0, and biases would hide nothing
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.2)
    graph = analyze_channels(module, torch.zeros(1, 3, size, size, dtype=torch.float64))
    pinned = {group.name for group in graph.groups if not group.prunable}
    assert all("cpb_mlp" in name or "head" in name or "classifier" in name for name in pinned)
    inputs = torch.randn(2, 3, size, size, dtype=torch.float64)
    assert largest_difference(module, inputs) < 1e-10


@pytest.mark.parametrize(
    ("constructor", "shape"), [("digits_cnn", (1, 8, 8)), ("resnet20", (3, 32, 32))]
)
def test_removed_channels_give_the_masked_outputs_on_bundled_networks(
    constructor: str, shape: tuple[int, ...]
) -> None:
    arguments = {"num_classes": 10, "input_shape": list(shape)}
    origin = {"kind": "bundled", "constructor": constructor, "arguments": arguments}
    inputs = torch.randn(2, *shape, dtype=torch.float64)
    assert largest_difference(lively(build_model(origin)), inputs) < 1e-10


def test_sizes_follow_the_parameters() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 1),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 16, 3, groups=8),
        nn.Conv2d(16, 4, 1),
        nn.GroupNorm(2, 4),
        nn.Flatten(),
        nn.Linear(4, 2),
    ).eval()
    graph = analyze_channels(module, torch.zeros(1, 3, 3, 3))
    kept = {"0": np.arange(8) >= 4, "3": np.array([True, False])}
    remove_channels(module, Structure.of(graph, kept, tensor_shapes(module)))
    first, norm, depthwise, last, groups, _, head = module
    assert (first.out_channels, norm.num_features) == (4, 4)
    assert (depthwise.in_channels, depthwise.out_channels, depthwise.groups) == (4, 8, 4)
    assert (last.in_channels, last.out_channels) == (8, 2)
    assert (groups.num_channels, head.in_features) == (2, 2)


@pytest.mark.parametrize(
    "name", ["grouped, two in each part", "grouped transposed, two in each part"]
)
def test_a_part_that_was_left_one_channel_is_not_taken_for_depthwise_later(name: str) -> None:
    module = lively(EVERY_TRAP[name].make())
    inputs = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    wide = next(group for group in graph.prunable if group.name != "stem")
    first = {"stem": np.array([True, False])}
    second = first | {wide.name: np.arange(wide.size) >= wide.size // 2}
    shapes = tensor_shapes(module)
    at_once = copy.deepcopy(module)
    remove_channels(at_once, Structure.of(graph, second, shapes))
    before = Structure.of(graph, first, shapes)
    remove_channels(module, before)
    remove_channels(module, Structure.of(graph, second, shapes), before)
    assert torch.equal(module(inputs), at_once(inputs))


def test_tied_weights_stay_tied() -> None:
    module = TRAPS["tied weights"].make().eval()
    graph = analyze_channels(module, torch.zeros(1, 3, 4, 4))
    remove_channels(module, Structure.of(graph, half_removed(graph), tensor_shapes(module)))
    first, second = module.get_submodule("first"), module.get_submodule("second")
    assert first.weight is second.weight
    assert first.out_channels == second.out_channels == 3


def test_a_structure_survives_json() -> None:
    structure = Structure({"0.weight": {0: np.array([1, 3]), 1: np.array([0])}})
    again = Structure.from_json(structure.to_json())
    assert again.to_json()["kept"] == {"0.weight": {"0": [1, 3], "1": [0]}}


def test_positions_count_in_what_an_earlier_removal_left() -> None:
    before = Structure({"w": {0: np.array([1, 3, 5, 7])}})
    after = Structure({"w": {0: np.array([3, 7])}})
    assert after.positions("w", 0, before).tolist() == [1, 3]
