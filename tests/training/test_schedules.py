from typing import Any

import pytest
import torch
from torch import nn

from workbench.training import FinetuneSettings
from workbench.training.optimizers import OPTIMIZERS
from workbench.training.schedules import SCHEDULES

STEPS = 4


def rates(**settings: Any) -> list[float]:
    """The learning rate of every step, four an epoch."""
    chosen = FinetuneSettings(learning_rate=1.0, **settings)
    optimizer = OPTIMIZERS[chosen.optimizer]([nn.Parameter(torch.zeros(1))], chosen)
    schedule = SCHEDULES[chosen.schedule](optimizer, chosen, STEPS)
    found = []
    for _ in range(chosen.epochs * STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_a_constant_rate_stays() -> None:
    assert rates(schedule="constant", epochs=2) == [1.0] * 8


def test_a_cosine_falls_from_the_rate_to_nothing() -> None:
    found = rates(schedule="cosine", epochs=2)
    assert found[0] == 1 and found[4] == pytest.approx(0.5)
    assert found == sorted(found, reverse=True) and 0 < found[-1] < 0.05


def test_milestones_multiply_the_rate() -> None:
    found = rates(schedule="multi-step", epochs=3, milestones=(1, 2), milestone_factor=0.5)
    assert found == [1.0] * 4 + [0.5] * 4 + [0.25] * 4


def test_milestones_are_a_half_and_three_quarters_unless_given() -> None:
    found = rates(schedule="multi-step", epochs=4)
    assert found == pytest.approx([1.0] * 8 + [0.1] * 4 + [0.01] * 4)


def test_a_warm_up_rises_in_equal_steps() -> None:
    found = rates(schedule="constant", epochs=2, warmup_epochs=1)
    assert found == [0.25, 0.5, 0.75, 1.0] + [1.0] * 4


def test_one_cycle_rises_and_falls() -> None:
    found = rates(schedule="one-cycle", epochs=5)
    peak = found.index(max(found))
    assert max(found) == pytest.approx(1.0, abs=0.05) and 4 <= peak <= 7
    assert found[0] == pytest.approx(1 / 25) and found[-1] < 0.02


def test_one_cycle_leaves_the_momentum_of_sgd_alone() -> None:
    chosen = FinetuneSettings(optimizer="sgd", momentum=0.7)
    optimizer = OPTIMIZERS["sgd"]([nn.Parameter(torch.zeros(1))], chosen)
    schedule = SCHEDULES["one-cycle"](optimizer, chosen, STEPS)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["momentum"] == 0.7


def test_settings_reach_the_optimizer() -> None:
    chosen = FinetuneSettings(
        optimizer="sgd", learning_rate=0.3, momentum=0.7, nesterov=False, weight_decay=0.01
    )
    (group,) = OPTIMIZERS["sgd"]([nn.Parameter(torch.zeros(1))], chosen).param_groups
    found = [group[name] for name in ("lr", "momentum", "nesterov", "weight_decay")]
    assert found == [0.3, 0.7, False, 0.01]
    (group,) = OPTIMIZERS["adamw"]([nn.Parameter(torch.zeros(1))], chosen).param_groups
    assert [group["lr"], group["weight_decay"]] == [0.3, 0.01]
