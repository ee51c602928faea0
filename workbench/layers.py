"""What a model is made of: its layers, their shapes and cost, and statistics of their weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import ModelError
from workbench.modes import evaluation_mode

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
"""Layers whose weight has its inputs in the first dimension, its outputs in the second."""

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED, nn.Linear)
"""Layers whose weights are pruned; biases and normalisation parameters never are."""


@dataclass(frozen=True)
class LayerInfo:
    """A module that owns parameters, or computes its weight from those of a part of it.

    Attributes:
        name: Its path in the model.
        kind: Its class, such as ``"Conv2d"``.
        weight_shape: Shape of its ``weight``; empty without one.
        weight_name: The parameter that is its ``weight``, by the first of its names; empty if
            the weight is computed (a parametrisation) or there is none.
        weighted: Whether it is a convolution or linear layer.
        transposed: Whether it is a transposed convolution.
        input_shape, output_shape: Shapes without the batch dimension; empty if never run.
        parameters: How many numbers its own parameters hold.
        macs: Multiply-adds for one input; 0 for anything but convolution and linear layers.
        positions: At how many places of one input the weight is applied.
    """

    name: str
    kind: str
    weight_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    positions: int
    weight_name: str
    weighted: bool
    transposed: bool = False


@dataclass(frozen=True)
class WeightStatistics:
    """Figures of one weight tensor."""

    mean: float
    standard_deviation: float
    smallest: float
    largest: float
    sparsity: float


def list_layers(module: nn.Module, example_input: Tensor) -> tuple[LayerInfo, ...]:
    """The layers that own parameters, in the order they are registered.

    Args:
        module: The model; its modes are restored.
        example_input: Shape ``(B, ...)``.

    Raises:
        ModelError: If the forward pass fails on the example input.
    """
    shapes: dict[str, list[tuple[torch.Size, torch.Size]]] = {}
    handles = []
    for name, part in module.named_modules():
        if list(part.parameters(recurse=False)) or isinstance(part, WEIGHTED):
            handles.append(part.register_forward_hook(_record_shapes(shapes, name)))
    try:
        with evaluation_mode(module), torch.no_grad():
            module(example_input)
    except Exception as error:
        raise ModelError(
            f"the model fails on an example input of shape {tuple(example_input.shape)}: {error}. "
            "Check the data's shape, or pass example_input."
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    names = {parameter: name for name, parameter in module.named_parameters()}
    return tuple(
        _describe(name, part, shapes.get(name, []), names)
        for name, part in module.named_modules()
        if list(part.parameters(recurse=False)) or isinstance(part, WEIGHTED)
    )


def _record_shapes(shapes: dict[str, list[tuple[torch.Size, torch.Size]]], name: str) -> Any:
    def record(part: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            shapes.setdefault(name, []).append((inputs[0].shape, output.shape))

    return record


def _describe(
    name: str,
    part: nn.Module,
    runs: list[tuple[torch.Size, torch.Size]],
    names: dict[nn.Parameter, str],
) -> LayerInfo:
    weight = getattr(part, "weight", None)
    weight_name = names.get(weight, "") if isinstance(weight, nn.Parameter) else ""
    weight_shape = tuple(weight.shape) if isinstance(weight, Tensor) else ()
    positions = sum(_positions(part, *run) for run in runs)
    return LayerInfo(
        name=name,
        kind=type(part).__name__,
        weight_shape=weight_shape,
        input_shape=tuple(runs[0][0][1:]) if runs else (),
        output_shape=tuple(runs[0][1][1:]) if runs else (),
        parameters=sum(parameter.numel() for parameter in part.parameters(recurse=False)),
        macs=positions * torch.Size(weight_shape).numel(),
        positions=positions,
        weight_name=weight_name,
        weighted=isinstance(part, WEIGHTED),
        transposed=isinstance(part, TRANSPOSED),
    )


def _positions(part: nn.Module, inputs: torch.Size, output: torch.Size) -> int:
    """Places one input applies the whole weight at: each costs one multiply-add a weight."""
    if isinstance(part, nn.Linear):
        return output[1:-1].numel()
    if isinstance(part, TRANSPOSED):
        return inputs[2:].numel()
    return output[2:].numel() if isinstance(part, WEIGHTED) else 0


def main_weight(layer: nn.Module) -> Tensor:
    """A layer's weight; of a layer that has several (attention, LSTM), the largest."""
    weight = getattr(layer, "weight", None)
    if isinstance(weight, Tensor):
        return weight
    return max(layer.parameters(recurse=False), key=Tensor.numel)


def weight_statistics(weight: Tensor) -> WeightStatistics:
    """Figures of a weight tensor of any shape."""
    values = weight.detach()
    return WeightStatistics(
        mean=float(values.mean()),
        standard_deviation=float(values.std(correction=0)),
        smallest=float(values.min()),
        largest=float(values.max()),
        sparsity=float((values == 0).float().mean()),
    )


def weight_histogram(weight: Tensor, bins: int = 24) -> tuple[list[float], list[int]]:
    """Histogram of a weight tensor: ``bins + 1`` edges, symmetric about 0, and ``bins`` counts.

    Zeros are left out: after weight pruning they would hide everything else.
    """
    values = weight.detach().flatten().float().cpu().numpy()
    values = values[values != 0]
    limit = float(np.abs(values).max()) if len(values) else 1.0
    # Not torch's, whose threads wait for those of a training that is under way.
    counts, edges = np.histogram(values, bins, range=(-limit, limit))
    return edges.tolist(), counts.tolist()
