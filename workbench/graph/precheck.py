"""What must hold before a network can be traced, and what to do where it does not."""

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from workbench.errors import ModelError

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
"""Modules that only distribute another one, their ``module``."""


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
            f"Make it permanent first, with {_REMEDIES[method]}."
        )


def check_python_code(module: nn.Module) -> None:
    """Check that the module's forward pass is Python code.

    Raises:
        ModelError: If it is TorchScript.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            f"the model must be Python code, got TorchScript (a {type(module).__name__}), whose "
            "layers have no size to change. Pass the torch.nn.Module that it was made of."
        )


def computed_by_hooks(module: nn.Module) -> dict[str, type]:
    """By name: tensors that a hook computes before every forward pass, and what kind of hook."""
    found: dict[str, type] = {}
    kind: type
    for path, part in module.named_modules():
        for hook in part._forward_pre_hooks.values():
            if isinstance(hook, BasePruningMethod):
                kind, leaf = BasePruningMethod, str(hook._tensor_name)
            elif isinstance(hook, WeightNorm | SpectralNorm):
                kind, leaf = type(hook), hook.name
            else:
                continue
            found[f"{path}.{leaf}" if path else leaf] = kind
    return found


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


_REMEDIES: dict[type, str] = {
    BasePruningMethod: "torch.nn.utils.prune.remove(layer, name)",
    WeightNorm: "torch.nn.utils.remove_weight_norm(layer)",
    SpectralNorm: "torch.nn.utils.remove_spectral_norm(layer)",
}
