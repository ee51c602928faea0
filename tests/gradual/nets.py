"""A network whose norms run across channels, for (1, 4, 4) images."""

import torch.nn.functional as F
from torch import Tensor, nn


class AcrossChannels(nn.Module):
    """A layer norm and a group norm, each over the channels of a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)
        self.layer_norm = nn.LayerNorm(6)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1)
        self.group_norm = nn.GroupNorm(2, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer_norm(self.conv1(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = self.group_norm(self.conv2(F.relu(x)))
        return self.head(F.relu(x).mean((2, 3)))
