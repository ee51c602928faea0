"""Checks against published weights: they need the files described for PRUNING_WORKBENCH_DATA."""

import copy
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.data import Dataset, official_test, open_data
from workbench.graph import analyze_channels
from workbench.graph.removal import remove_channels
from workbench.graph.structure import Structure, tensor_shapes
from workbench.masks import mask_channels
from workbench.measure.accuracy import evaluate
from workbench.models import open_model

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

pytestmark = [pytest.mark.data, pytest.mark.timeout(1800)]  # 10,000 images on two slow cores


@pytest.fixture(scope="module")
def cifar10() -> Dataset:
    directory = os.environ.get("PRUNING_WORKBENCH_DATA")
    if not directory or not Path(directory, "cifar10.npz").is_file():
        pytest.fail(f"PRUNING_WORKBENCH_DATA must name a directory with cifar10.npz: {directory}")
    return open_data("npz:cifar10.npz", normalize=NORMALIZE)


def test_cifar10_is_complete_and_class_balanced(cifar10):
    assert [len(s) for s in (cifar10.train, cifar10.validation, cifar10.test)] == [
        50000,
        1000,
        9000,
    ]
    assert official_test(cifar10).labels.bincount().tolist() == [1000] * 10
    assert cifar10.validation.labels.bincount().tolist() == [100] * 10


@pytest.mark.parametrize(
    ("name", "weights", "correct"),
    [
        ("resnet20", "resnet20-12fca82f.th", 9173),
        ("resnet56", "resnet56-4bfd9763.th", 9339),
    ],
)
def test_published_weights_reach_their_measured_accuracy(cifar10, name, weights, correct):
    opened = open_model(name, num_classes=10, input_shape=(3, 32, 32), weights=weights)
    result = evaluate(opened.module, official_test(cifar10))
    assert result.inputs == 10000
    # Two images of play: kernels of another machine may turn a tie.
    assert abs(round(result.accuracy * 10000) - correct) <= 2


@pytest.mark.parametrize(
    ("name", "weights"),
    [("resnet20", "resnet20-12fca82f.th"), ("resnet56", "resnet56-4bfd9763.th")],
)
def test_trained_networks_without_channels_answer_as_masked(cifar10, name, weights):
    opened = open_model(name, num_classes=10, input_shape=(3, 32, 32), weights=weights)
    module = opened.module.double()
    inputs = torch.randn(4, 3, 32, 32, dtype=torch.float64, generator=torch.manual_seed(0))
    graph = analyze_channels(module, inputs[:1])
    kept = {}
    for group in graph.prunable:
        kept[group.name] = np.arange(group.size) % 2 == 0
    masked, pruned = copy.deepcopy(module), copy.deepcopy(module)
    mask_channels(masked, graph, kept)
    remove_channels(pruned, Structure.of(graph, kept, tensor_shapes(module)))
    with torch.no_grad():
        assert (masked(inputs) - pruned(inputs)).abs().max() < 1e-10
