"""Filters as small pictures."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.channels.producer import Producer

LARGEST = 16
"""Most pixels of a picture's side."""

_RGB = 3
_MOST_TYPICAL = 0.99
"""Share of the layer's values that are drawn as they are; a few larger ones are cut."""


@dataclass(frozen=True, eq=False)
class WeightPictures:
    """One picture of the weights of every channel; all share one scale, so weak ones look weak.

    Attributes:
        kind: What the numbers mean.

            - ``"rgb"``, of a kernel over 3 input channels: these are red, green and blue;
              128 is a weight of 0.
            - ``"signed"``, of a kernel over 1 input channel, or of a linear layer, whose inputs
              lie row by row: 0 is negative, 128 is 0, 255 is positive. More than 256 inputs are
              averaged in blocks.
            - ``"magnitude"``, of any other kernel: the mean magnitude over the input channels.
            - ``"inputs"``, of a kernel of 1 pixel: as of a linear layer.
        pixels: Shape ``(channels, height, width, planes)``, uint8; 3 planes for ``"rgb"``, else
            1. Rows of channels that are gone are 0.
        scale: The weight that 255 stands for.
    """

    kind: str
    pixels: np.ndarray
    scale: float


def weight_pictures(producer: Producer, size: int) -> WeightPictures:
    """Pictures of the channels that are left, at their dense numbers.

    Args:
        producer: Whose weight is drawn.
        size: How many channels the dense model has.
    """
    weight = producer.weight[torch.from_numpy(producer.places)].float().cpu()
    kind, drawn = _drawn(weight)
    scale = _scale(drawn)
    if kind == "magnitude":
        quantised = (drawn / scale).clamp(0, 1) * 255
    else:
        quantised = 127.5 + (drawn / scale).clamp(-1, 1) * 127.5
    pixels = np.zeros((size, *drawn.shape[1:]), np.uint8)
    pixels[producer.numbers] = quantised.round().to(torch.uint8).numpy()
    return WeightPictures(kind, pixels, scale)


def _drawn(weight: Tensor) -> tuple[str, Tensor]:
    """What is drawn of weights ``(channels, inputs, *kernel)``: ``(channels, h, w, planes)``."""
    kernel = weight.shape[2:]
    if weight.dim() == 2 or kernel.numel() == 1:
        kind = "signed" if weight.dim() == 2 else "inputs"
        return kind, _laid_out(weight.flatten(1))[..., None]
    planes = _flat_kernels(weight)  # (channels, inputs, height, width)
    inputs = planes.shape[1]
    if inputs == _RGB:
        return "rgb", _at_most(planes).permute(0, 2, 3, 1)
    if inputs == 1:
        return "signed", _at_most(planes).permute(0, 2, 3, 1)
    return "magnitude", _at_most(planes.abs().mean(1, keepdim=True)).permute(0, 2, 3, 1)


def _flat_kernels(weight: Tensor) -> Tensor:
    """Kernels of any dimension as images: lines become one row, volumes are averaged in depth."""
    if weight.dim() == 3:
        return weight[:, :, None]
    return weight.flatten(2, -3).mean(2) if weight.dim() > 4 else weight


def _at_most(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    return F.adaptive_avg_pool2d(images, (min(height, LARGEST), min(width, LARGEST)))


def _laid_out(rows: Tensor) -> Tensor:
    """Rows of numbers as pictures, row by row, in the most square shape; the last row is filled."""
    length = rows.shape[1]
    if length > LARGEST**2:
        rows, length = F.adaptive_avg_pool1d(rows[:, None], LARGEST**2)[:, 0], LARGEST**2
    width = math.ceil(math.sqrt(length))
    height = math.ceil(length / width)
    return F.pad(rows, (0, height * width - length)).reshape(len(rows), height, width)


def _scale(values: Tensor) -> float:
    """A magnitude that all but the largest values stay below; of a layer of zeros, 1."""
    magnitudes = values.abs().flatten()
    if not len(magnitudes):
        return 1.0
    typical = np.quantile(magnitudes.numpy(), _MOST_TYPICAL, method="higher")
    return float(typical) or float(magnitudes.max()) or 1.0
