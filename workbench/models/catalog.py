"""The networks that come with the workbench, by name."""

from collections.abc import Callable
from pathlib import Path

from torch import nn

from workbench.models.cifar_resnet import resnet20, resnet32, resnet44, resnet56
from workbench.models.digits_cnn import digits_cnn
from workbench.models.lenet import lenet5, lenet5_caffe, lenet300_100

Constructor = Callable[[int, tuple[int, ...]], nn.Module]
"""Takes ``num_classes`` and the shape of one input, and builds an untrained network."""

BUNDLED: dict[str, Constructor] = {
    "digits_cnn": digits_cnn,
    "lenet300_100": lenet300_100,
    "lenet5": lenet5,
    "lenet5_caffe": lenet5_caffe,
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet44": resnet44,
    "resnet56": resnet56,
}

SHIPPED_WEIGHTS: dict[str, Path] = {
    "digits_cnn": Path(__file__).with_name("digits_cnn.safetensors"),
}
"""Weights that are part of the package; they fit the classes and inputs they were trained on."""

SHIPPED_INPUT_SHAPE: dict[str, tuple[int, ...]] = {"digits_cnn": (1, 8, 8)}
"""Shape of the inputs that the shipped weights were trained on."""
