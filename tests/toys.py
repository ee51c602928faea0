"""A toy network with counted-up weights, and toy data: small enough to reckon by hand."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.anatomy import Anatomy
from workbench.data import Dataset
from workbench.data.splits import ArraySplit
from workbench.pruned import PrunedModel


class ToyNet(nn.Module):
    """Two convolutions and a classifier for (1, 4, 4) images; units conv1 (4) and conv2 (6)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1)
        self.classifier = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv1(x)))
        x = F.relu(self.conv2(x))
        return self.classifier(x.mean((2, 3)))


def counted_up(module: nn.Module) -> nn.Module:
    """The module with every parameter filled with 1/n, 2/n, ..., 1; in evaluation mode."""
    with torch.no_grad():
        for parameter in module.parameters():
            count = parameter.numel()
            parameter.copy_(torch.arange(1, count + 1).reshape(parameter.shape) / count)
    return module.eval()


def toy_net() -> nn.Module:
    return counted_up(ToyNet())


def toy_data() -> Dataset:
    """Three classes of (1, 4, 4) images: the class is the bright row."""
    return Dataset(
        "toy",
        ("top", "middle", "bottom"),
        (1, 4, 4),
        train=_rows(48, seed=1),
        validation=_rows(24, seed=2),
        test=_rows(30, seed=3),
        probe=_rows(12, seed=4),
    )


def _rows(count: int, seed: int) -> ArraySplit:
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    images = 0.2 * torch.rand(count, 1, 4, 4, generator=random)
    images[torch.arange(count), 0, labels] += 1
    return ArraySplit(images, labels)


def dense_model(module: nn.Module, shape: tuple[int, ...]) -> PrunedModel:
    """A module that nothing was removed from yet; `shape` is that of one input."""
    example = torch.zeros(1, *shape, dtype=next(module.parameters()).dtype)
    return PrunedModel(Anatomy.of(module, example), module)


def lively(module: nn.Module, seed: int = 0) -> nn.Module:
    """Float64, evaluation mode, and batch norms with statistics that do something."""
    random = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.normal_(generator=random)
            part.running_var.uniform_(0.5, 2, generator=random)
    return module.double().eval()
