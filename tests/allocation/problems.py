"""Small problems of allocation whose answers can be found by trying everything."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from networks import conv
from torch import nn

from workbench.allocation.problem import Problem, problem_of
from workbench.anatomy import Anatomy
from workbench.plan import Plan
from workbench.pruned import PrunedModel

SHAPE = (3, 6, 6)
PLAN = Plan(round_to=2, max_ratio=0.75)
DAMAGE = {
    "0": ((0.25, 0.1), (0.5, 0.5), (0.75, 2.0)),
    "2": ((0.25, 0.01), (0.5, 0.02), (0.75, 0.1)),
    "4": ((0.25, 0.4), (0.5, 0.8), (0.75, 1.2)),
}
"""Loss added in nats by unit and ratio: the middle one hardly matters."""


def three_layers(first: int, second: int, third: int) -> nn.Module:
    return nn.Sequential(
        conv(3, first),
        nn.ReLU(),
        conv(first, second),
        nn.ReLU(),
        conv(second, third),
        nn.Flatten(),
        nn.Linear(36 * third, 5),
    ).eval()


def model(sizes: tuple[int, int, int] = (8, 16, 8)) -> PrunedModel:
    torch.manual_seed(0)
    module = three_layers(*sizes)
    return PrunedModel(Anatomy.of(module, torch.zeros(1, *SHAPE)), module)


def problem(plan: Plan = PLAN, sizes: tuple[int, int, int] = (8, 16, 8)) -> Problem:
    pruned = model(sizes)
    return problem_of(pruned, plan, pruned.scores(plan), DAMAGE)


def every_choice(of: Problem) -> np.ndarray:
    return np.array(list(itertools.product(*of.levels)))


def damage(of: Problem, kept: Sequence[int]) -> float:
    return float(of.damage_of(np.array(kept)).sum())
