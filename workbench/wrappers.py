"""Modules around modules, and weights that are computed from others before every pass."""

import torch
from torch import nn
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from workbench.errors import ModelError

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
"""Modules that only distribute another one, their ``module``."""

PERMANENT: dict[type, str] = {
    BasePruningMethod: "torch.nn.utils.prune.remove(layer, name)",
    WeightNorm: "torch.nn.utils.remove_weight_norm(layer)",
    SpectralNorm: "torch.nn.utils.remove_spectral_norm(layer)",
}
"""By kind of hook: how to make the weights permanent that it computes."""


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
