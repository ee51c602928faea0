"""Toy networks that misbehave while they train."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from toys import ToyNet


class Dropping(ToyNet):
    """With dropout before its classifier."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv1(x)))
        x = F.relu(self.conv2(x))
        return self.classifier(F.dropout(x.mean((2, 3)), 0.3, self.training))


class Spoiling(ToyNet):
    """Answers NaN in the given batch of training, counted from 1."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.left = batch

    def forward(self, x: Tensor) -> Tensor:
        self.left -= self.training
        answers = super().forward(x)
        return answers * torch.nan if self.training and self.left == 0 else answers


class Exploding(ToyNet):
    """The given batch of training has a loss, but gradients that are no numbers."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.left = batch

    def forward(self, x: Tensor) -> Tensor:
        self.left -= self.training
        answers = super().forward(x)
        if self.training and self.left == 0:
            answers = answers + (0 * answers).sqrt()
        return answers


def fresh(module: nn.Module) -> nn.Module:
    """The module with weights from a seed, in evaluation mode."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(-0.3, 0.3, generator=random)
    return module.eval()


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """Copies of all its tensors."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether they are equal bit for bit."""
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )
