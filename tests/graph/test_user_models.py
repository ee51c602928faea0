"""Whole models as people bring them: what is prunable, what is not, and that both sides agree."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from networks import conv
from removing import difference, lively, masked_and_removed
from torch import Tensor, nn

from workbench.graph import analyze_channels


def twice(inputs: int, outputs: int) -> nn.Module:
    """The two convolutions of a U-Net's stage."""
    return nn.Sequential(
        conv(inputs, outputs),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        conv(outputs, outputs),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """Two stages down, two up, joined by concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = twice(3, 8), twice(8, 12), twice(12, 16)
        self.up2 = nn.ConvTranspose2d(16, 12, 2, stride=2)
        self.up1 = nn.ConvTranspose2d(12, 8, 2, stride=2)
        self.left2, self.left1 = twice(24, 12), twice(16, 8)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x)
        second = self.down2(F.max_pool2d(first, 2))
        x = self.up2(self.bottom(F.max_pool2d(second, 2)))
        x = self.up1(self.left2(torch.cat([second, x], 1)))
        return self.out(self.left1(torch.cat([first, x], 1)))


class Speech(nn.Module):
    """Convolutions, a recurrent layer, and a classifier."""

    def __init__(self, recurrent: type[nn.RNNBase]) -> None:
        super().__init__()
        self.stem, self.features = nn.Conv1d(2, 6, 3), nn.Conv1d(6, 8, 3)
        self.memory = recurrent(8, 10, num_layers=2, batch_first=True, bidirectional=True)
        self.hidden, self.head = nn.Linear(20, 12), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(F.relu(self.stem(x))).transpose(1, 2)
        x, _ = self.memory(x)
        return self.head(F.relu(self.hidden(x[:, -1])))


class FixedView(nn.Module):
    """The tutorial network: sizes are numbers in the code."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def generator() -> nn.Module:
    """A DCGAN's generator: from a vector to an image."""
    widths = (16, 12, 8, 6)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        first = not layers
        up = nn.ConvTranspose2d(
            inputs, outputs, 4, 1 if first else 2, 0 if first else 1, bias=False
        )
        layers += [up, nn.BatchNorm2d(outputs), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(6, 3, 4, 2, 1, bias=False), nn.Tanh())


class TextClassifier(nn.Module):
    """Embedding, sines, PyTorch's encoder layers, the mean of all words."""

    def __init__(self) -> None:
        super().__init__()
        self.width = 16
        self.words = nn.Embedding(50, 16)
        angles = torch.arange(10)[:, None] * torch.exp(-torch.arange(0, 16, 2) * math.log(1e4) / 16)
        self.register_buffer("sines", torch.stack([angles.sin(), angles.cos()], 2).flatten(1))
        layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        words = (20 * x.abs()).long().clamp(max=49)
        x = self.words(words) * math.sqrt(self.width) + self.sines[: x.shape[1]]
        return self.head(self.encoder(x).mean(1))


class Segmentation(nn.Module):
    """A map, an auxiliary map and the features they come from, under names or in a tuple."""

    def __init__(self, *, named: bool) -> None:
        super().__init__()
        self.stem, self.body = conv(3, 8), conv(8, 8)
        self.hidden, self.main, self.side = conv(8, 6), nn.Conv2d(6, 2, 1), nn.Conv2d(8, 2, 1)
        self.named = named

    def forward(self, x: Tensor) -> dict[str, Tensor] | tuple[Tensor, Tensor]:
        stem = F.relu(self.stem(x))
        main = self.main(F.relu(self.hidden(self.body(stem))))
        main, side = F.interpolate(main, scale_factor=2), self.side(stem)
        return {"out": main, "aux": side} if self.named else (main, side)


@dataclass(frozen=True)
class Model:
    """A model, the shape of one input, and its groups, prunable and pinned, by name and size."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    prunable: dict[str, int]
    pinned: dict[str, str]


OUTPUTS = "these are the model outputs"
RECURRENT = "a recurrent layer"

MODELS = {
    "U-Net": Model(
        UNet,
        (3, 16, 16),
        {
            **{"down1.0": 8, "down1.3": 8, "down2.0": 12, "down2.3": 12, "bottom.0": 16},
            **{"bottom.3": 16, "up2": 12, "left2.0": 12, "left2.3": 12, "up1": 8},
            **{"left1.0": 8, "left1.3": 8},
        },
        {"out": OUTPUTS},
    ),
    "LSTM classifier": Model(
        lambda: Speech(nn.LSTM),
        (2, 12),
        {"stem": 6, "hidden": 12},
        {"features": RECURRENT, "memory": RECURRENT, "head": OUTPUTS},
    ),
    "GRU classifier": Model(
        lambda: Speech(nn.GRU),
        (2, 12),
        {"stem": 6, "hidden": 12},
        {"features": RECURRENT, "memory": RECURRENT, "head": OUTPUTS},
    ),
    "a view with fixed sizes": Model(
        FixedView,
        (3, 32, 32),
        {"conv1": 6, "fc1": 120, "fc2": 84},
        {"conv2": "its size is hard-coded in line", "fc3": OUTPUTS},
    ),
    "DCGAN generator": Model(generator, (16, 1, 1), {"0": 12, "3": 8, "6": 6}, {"9": OUTPUTS}),
    "text transformer": Model(
        TextClassifier,
        (7,),
        {"words": 4, "encoder.layers.0.linear1": 24, "encoder.layers.1.linear1": 24},
        {"head": OUTPUTS},
    ),
    "named outputs": Model(
        lambda: Segmentation(named=True),
        (3, 8, 8),
        {"stem": 8, "body": 8, "hidden": 6},
        {"main": OUTPUTS, "side": OUTPUTS},
    ),
    "two outputs": Model(
        lambda: Segmentation(named=False),
        (3, 8, 8),
        {"stem": 8, "body": 8, "hidden": 6},
        {"main": OUTPUTS, "side": OUTPUTS},
    ),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_whole_models_have_the_groups_written_by_hand_and_prune_exactly(model: Model) -> None:
    module = lively(model.make())
    inputs = torch.randn(2, *model.shape, dtype=torch.float64)
    graph = analyze_channels(module, inputs[:1])
    assert {group.name: group.size for group in graph.prunable} == model.prunable
    pinned = {group.name: group.reason for group in graph.groups if not group.prunable}
    assert pinned.keys() == model.pinned.keys()
    assert all(pinned[name].startswith(reason) for name, reason in model.pinned.items())
    assert difference(*masked_and_removed(module, graph), inputs) < 1e-10
