"""What must hold before a network can be traced, and what to do where it does not."""

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from workbench.errors import ModelError
from workbench.wrappers import PERMANENT, WRAPPERS, check_python_code, computed_by_hooks


def check_traceable(module: object, example_input: object) -> None:
    """Check what is known to go wrong later, where nobody would understand it.

    Raises:
        ModelError: If the module or its example input cannot be traced.
    """
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"module must be a torch.nn.Module, got a {type(module).__name__}: {module!r}. "
            "Pass your model itself, not its class, its state dict or a list of layers."
        )
    if not isinstance(example_input, Tensor):
        raise ModelError(
            f"example_input must be one tensor, shape (B, ...), got a "
            f"{type(example_input).__name__}. A model of several inputs needs a wrapper whose "
            "forward takes one tensor."
        )
    name = type(module).__name__
    if example_input.numel() == 0:
        raise ModelError(
            f"example_input must hold at least one input, got shape {tuple(example_input.shape)}. "
            "Pass a batch of one."
        )
    check_python_code(module)
    for key, tensor in (*module.named_parameters(), *module.named_buffers()):
        if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
            raise ModelError(
                f"every weight of {name} must have its shape, but {key!r} is still lazy. "
                "Run the model once on an example input before."
            )
    for key, method in computed_by_hooks(module).items():
        raise ModelError(
            f"every weight of {name} must be a parameter, but {key!r} is computed by a hook. "
            f"Make it permanent first, with {PERMANENT[method]}."
        )


def remedy(module: nn.Module, example_input: Tensor) -> str:
    """What may have been wrong when a network could not be traced, in a sentence; else empty."""
    tensors = [*module.parameters(), *module.buffers()]
    types = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    devices = {tensor.device for tensor in tensors}
    if isinstance(module, WRAPPERS):
        return f"{type(module).__name__} is a wrapper: pass its module, model.module."
    if example_input.is_floating_point() and types and example_input.dtype not in types:
        own = _listed(types)
        return f"The weights are {own}, example_input is {example_input.dtype}: convert one."
    if devices and example_input.device not in devices:
        own = _listed(devices)
        return f"The weights are on {own}, example_input is on {example_input.device}: move one."
    return ""


def _listed(items: set[torch.dtype] | set[torch.device]) -> str:
    return " and ".join(sorted(str(item) for item in items))
