"""Small networks, data for them, and the plain loop that sensitivity scans are held against."""

import copy
import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from networks import TRAPS
from torch import Tensor, nn
from toys import dense_model

from workbench import Plan
from workbench.data import Dataset
from workbench.data.splits import ArraySplit
from workbench.masks import apply_masks, mask_channels
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.models import build_model
from workbench.pruned import PrunedModel
from workbench.sensitivity import Sensitivity

Case = tuple[PrunedModel, Dataset]


class AttentionBlock(nn.Module):
    """Self-attention over patches, with a shortcut and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.head(x.mean(1))


def random_data(shape: tuple[int, ...], classes: int, probe: int = 40) -> Dataset:
    random = torch.Generator().manual_seed(5)

    def split(count: int) -> ArraySplit:
        images = torch.randn(count, *shape, generator=random)
        return ArraySplit(images, torch.randint(classes, (count,), generator=random))

    names = tuple(str(number) for number in range(classes))
    return Dataset("random", names, shape, split(64), split(48), split(16), split(probe))


def digits_cnn() -> nn.Module:
    arguments = {"num_classes": 10, "input_shape": [1, 8, 8]}
    return build_model({"kind": "bundled", "constructor": "digits_cnn", "arguments": arguments})


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "digits_cnn": (digits_cnn, (1, 8, 8), 10),
    "residual": (TRAPS["residual"].make, (3, 4, 4), 5),
    "concatenation": (TRAPS["concatenation"].make, (3, 4, 4), 5),
    "attention": (AttentionBlock, (3, 8, 8), 5),
}


def network_case(name: str) -> Case:
    torch.manual_seed(3)
    make, shape, classes = NETWORKS[name]
    module = make().eval()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.7, 1.5)
    return dense_model(module, shape), random_data(shape, classes)


def plainly(model: PrunedModel, data: Dataset, plan: Plan, unit: str, ratio: float) -> Evaluation:
    """Mask a copy, run all of it."""
    kept = model.select(plan.with_(ratio=0.0, ratios={unit: ratio})).kept[unit]
    module = copy.deepcopy(model.module)
    if plan.granularity == "channel":
        mask_channels(module, model.anatomy.graph, {unit: kept})
    else:
        shape = model.anatomy.layer(unit).weight_shape
        apply_masks(module, {unit: torch.from_numpy(np.asarray(kept).reshape(shape))})
    return evaluate(module, data.probe)


def assert_same_figures(found: Sensitivity, expected: Sensitivity) -> None:
    """Point for point; figures to rounding, as values may be computed from others."""
    both = (found, expected)
    rounded = {"accuracy": 0.0, "loss": 0.0, "divergence": 0.0}
    exact = [[dataclasses.replace(point, **rounded) for point in scan.points] for scan in both]
    assert exact[0] == exact[1]
    for figure in rounded:
        values = [[getattr(point, figure) for point in scan.points] for scan in both]
        assert values[0] == pytest.approx(values[1], abs=1e-6)
    assert (found.mode, found.granularity, found.notes) == (
        expected.mode,
        expected.granularity,
        expected.notes,
    )
    assert found.baseline == expected.baseline
