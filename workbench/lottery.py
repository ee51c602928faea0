"""Lottery tickets: what is left of a model, with other weights than it ended up with.

Reference:
    Frankle and Carbin, The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks,
    arXiv:1803.03635; rewinding to an early step rather than the first: Frankle et al.,
    Stabilizing the Lottery Ticket Hypothesis, arXiv:1903.01611.
"""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from workbench.errors import ModelError
from workbench.masks import apply_masks
from workbench.pruned import PrunedModel


def rewind(model: PrunedModel, earlier: PrunedModel) -> PrunedModel:
    """The weights of an earlier model, in what is left of the current one.

    Args:
        model: Its channels and masks are kept; it is left as it is.
        earlier: From the same dense model, with at least as much left.

    Raises:
        ModelError: If it is of another model, or lacks something that the current one has.
    """
    if model.anatomy is not earlier.anatomy:
        raise ModelError(
            "rewinding needs an earlier step of the same model, got one of another model. Use a "
            "step from the same session."
        )
    for granularity in ("channel", "weight"):
        before = earlier.alive(granularity)
        for unit, flags in model.alive(granularity).items():
            if lacking := int((flags & ~before[unit]).sum()):
                raise ModelError(
                    f"rewinding needs a step that has all that is left now, but of unit {unit!r} "
                    f"{lacking} {granularity}{'' if lacking == 1 else 's'} of {int(flags.sum())} "
                    "had been removed there. Rewind to an earlier step."
                )
    narrowed = earlier.keeping("channel", model.alive("channel"))
    return narrowed.keeping("weight", model.alive("weight"))


def reinitialize(model: PrunedModel, seed: int = 0) -> PrunedModel:
    """Fresh random weights in what is left of a model: the small architecture from scratch.

    Every module's own ``reset_parameters`` draws them, in the size the module has now.

    Args:
        model: Left as it is.
        seed: For the weights; the user's random numbers stay as they are.

    Raises:
        ModelError: If a module has parameters of its own and no ``reset_parameters``.
    """
    module = copy.deepcopy(model.module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, part in _with_parameters(module):
            reset = getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))
            if reset is None:
                raise ModelError(
                    "fresh weights need a reset_parameters method in every module with parameters "
                    f"of its own, and {type(part).__name__} {name!r} has none. Add one to its "
                    "class, which draws its parameters as __init__ does."
                )
            reset()
    apply_masks(module, model.masks)
    return model.with_module(module)


def _with_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, part in module.named_modules():
        if next(part.parameters(recurse=False), None) is not None:
            yield name, part
