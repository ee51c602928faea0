"""What opening a model gives, and the checks that every opened model passes."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from workbench.errors import ModelError, WeightsError
from workbench.models.state_dict import count_not_finite


@dataclass(frozen=True)
class OpenedModel:
    """A model that is ready to be measured and pruned.

    Attributes:
        module: On the CPU, in evaluation mode, float32; nobody else holds it.
        name: What a person calls it, such as ``"resnet20"``.
        origin: How to build it again, as JSON: ``kind`` (``"bundled"``, ``"torchvision"`` or
            ``"module"``), ``constructor`` and its keyword ``arguments``.
        notes: Sentences to show beside reported figures, such as that it is untrained.
        random: Whether some weights are random, and others at every opening.
    """

    module: nn.Module
    name: str
    origin: dict[str, object]
    notes: tuple[str, ...] = ()
    random: bool = False


def check_values(module: nn.Module, name: str) -> None:
    """Check that parameters and buffers are there, finite, and float32.

    Raises:
        ModelError: If one is not materialised yet, or has another floating-point type.
        WeightsError: If one holds NaN or infinite values.
    """
    for key, tensor in (*module.named_parameters(), *module.named_buffers()):
        if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
            raise ModelError(
                f"every weight of {name} must have its shape, but {key!r} is still lazy. "
                "Run the model once on an example input before opening it."
            )
        if tensor.is_complex() or (tensor.is_floating_point() and tensor.dtype != torch.float32):
            raise ModelError(
                f"weights of {name} must be float32, got {tensor.dtype} in {key!r}. "
                "Call model.float() before opening it."
            )
        count = count_not_finite(tensor)
        if count:
            raise WeightsError(
                f"weights must be finite, got {count:,} NaN or infinite values in {key!r} of "
                f"{name}. Its training diverged: open an earlier checkpoint."
            )


def check_forward(
    module: nn.Module, name: str, *, num_classes: int, input_shape: tuple[int, ...]
) -> None:
    """Check that two inputs become two rows of class scores. The module must be in eval mode.

    Raises:
        ModelError: If the forward fails, or gives anything but ``(2, num_classes)``.
    """
    batch = torch.zeros(2, *input_shape)
    try:
        with torch.inference_mode():
            output = module(batch)
    except Exception as error:  # the user's own code: whatever it raises is their news
        raise ModelError(
            f"{name} cannot run on inputs of shape {tuple(batch.shape)}: "
            f"{type(error).__name__}: {error}. "
            "Open a model for this input shape, or data that fits the model."
        ) from error
    if not isinstance(output, Tensor):
        raise ModelError(
            f"{name} must return one tensor of class scores, got a {type(output).__name__}. "
            "Wrap it in a module whose forward returns the logits alone."
        )
    if output.shape != (2, num_classes):
        raise ModelError(
            f"{name} must give {num_classes} class scores for each input, shape "
            f"{(2, num_classes)} for two inputs, got {tuple(output.shape)}. "
            f"Open it with num_classes={num_classes}, or open the data it was made for."
        )
