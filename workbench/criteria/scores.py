"""Importance of every unit's channels or weights, in the dense model's numbering."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from workbench.criteria.base import Criterion
from workbench.graph.groups import Group

Alive = Mapping[str, np.ndarray]
"""By unit name, bool per original channel or weight: what the current model still has."""


def channel_scores(
    module: nn.Module, groups: tuple[Group, ...], criterion: Criterion, alive: Alive, seed: int
) -> dict[str, np.ndarray]:
    """Importance of every channel of every group; removed channels score 0.

    A channel's filters in all the weights that make it are scored one by one, each weight's
    scores divided by their mean so that large layers do not drown small ones, and averaged over
    the group. Biases have no filters. Where several filters of one weight make one channel (a
    depthwise multiplier), their mean counts.

    Args:
        module: The current model.
        groups: The groups of the dense model.
        criterion: The rule.
        alive: What is left of every group.
        seed: Makes random criteria repeatable.
    """
    parameters = dict(module.named_parameters())
    scored_weights: dict[str, np.ndarray] = {}
    positions = _positions_of_outputs(groups, alive)
    scores = {}
    for group in groups:
        parts = []
        for member in group.members:
            made_by = parameters.get(member.parameter)
            if member.role != "output" or made_by is None or made_by.dim() < 2:
                continue
            if member.parameter not in scored_weights:
                weight = made_by.transpose(0, member.dim)
                generator = seeded(seed, member.parameter)
                importance = criterion.channel_importance(weight, generator).numpy(force=True)
                scored_weights[member.parameter] = importance / max(float(importance.mean()), 1e-30)
            left = alive[group.name]
            where = positions[member.parameter][member.indices[left]]
            parts.append(scored_weights[member.parameter][where].mean(axis=1))
        scored = np.zeros(group.size)
        if parts:
            scored[alive[group.name]] = np.mean(parts, axis=0)
        scores[group.name] = scored
    return scores


def weight_scores(
    module: nn.Module, criterion: Criterion, present: Alive, seed: int
) -> dict[str, np.ndarray]:
    """Importance of every weight of every layer, flat; weights of removed channels score 0.

    Args:
        module: The current model, its masks applied.
        criterion: The rule.
        present: By layer name, flat bool over the dense weight: what its tensor still holds.
        seed: Makes random criteria repeatable.
    """
    scores = {}
    for name, left in present.items():
        layer = module.get_submodule(name)
        assert isinstance(layer.weight, Tensor)
        importance = criterion.weight_importance(layer.weight, seeded(seed, name))
        scored = np.zeros(len(left), np.float32)
        scored[left] = importance.numpy(force=True).ravel()
        scores[name] = scored
    return scores


def seeded(seed: int, name: str) -> torch.Generator:
    """A generator that depends on the plan's seed and a name, not on the order of calls."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _positions_of_outputs(groups: tuple[Group, ...], alive: Alive) -> dict[str, np.ndarray]:
    """By parameter: where each of its original output channels lies in the current model."""
    left: dict[str, np.ndarray] = {}
    for group in groups:
        for member in group.members:
            if member.role != "output":
                continue
            size = int(member.indices.max()) + 1
            flags = left.get(member.parameter, np.ones(0, bool))
            if len(flags) < size:
                flags = np.concatenate([flags, np.ones(size - len(flags), bool)])
            flags[member.indices[~alive[group.name]]] = False
            left[member.parameter] = flags
    return {name: np.cumsum(flags) - 1 for name, flags in left.items()}
