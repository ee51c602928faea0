"""Networks from timm, as people fine-tune them."""

import pytest
import timm
import torch
from removing import difference, lively, masked_and_removed

from workbench.graph import analyze_channels

SIZES = {
    "resnet10t": 64,
    "vit_tiny_patch16_224": 224,
    "mobilenetv3_small_050": 64,
    "mobilevit_xxs": 64,
}
"""An image size in pixels that is large enough for each."""


@pytest.mark.parametrize("name", SIZES)
def test_timm_models_prune_exactly_and_only_their_outputs_stay(name: str) -> None:
    module = lively(timm.create_model(name, pretrained=False, num_classes=10))
    inputs = torch.randn(2, 3, SIZES[name], SIZES[name], dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert {group.reason for group in graph.groups if group.reason} == {
        "these are the model outputs"
    }
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10
