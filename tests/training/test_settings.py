import json
import math
import re
from typing import Any

import numpy as np
import pytest

from workbench import Session
from workbench.errors import TrainingError
from workbench.training import FinetuneSettings

NOT_WHOLE = [0, -1, 2.5, "3", True, None]
OTHERS: dict[str, Any] = {
    "epochs": 20,
    "optimizer": "sgd",
    "learning_rate": 0.05,
    "momentum": 0.8,
    "nesterov": False,
    "weight_decay": 5e-4,
    "schedule": "multi-step",
    "warmup_epochs": 2.0,
    "milestones": (5, 9),
    "milestone_factor": 0.2,
    "batch_size": 64,
    "label_smoothing": 0.1,
    "augmentation": "standard",
    "mixed_precision": "auto",
    "gradient_clip_norm": 1.0,
    "target_accuracy": 0.9,
    "patience": 3,
    "restore_best": True,
    "distillation": True,
    "distillation_weight": 0.7,
    "distillation_temperature": 2.0,
    "regularization": "group-lasso",
    "regularization_strength": 1e-3,
    "device": "auto",
    "seed": 4,
}


def refused(setting: str, values: list[Any], constraint: str) -> list[Any]:
    return [pytest.param(setting, value, constraint, id=f"{setting}={value}") for value in values]


@pytest.mark.parametrize(
    ("setting", "value", "constraint"),
    [
        *refused("epochs", NOT_WHOLE, "a whole number of at least 1"),
        *refused("batch_size", [*NOT_WHOLE, 1], "a whole number of at least 2"),
        *refused("seed", [-1, 0.5, "0"], "a whole number of at least 0"),
        *refused("learning_rate", [0, -1.0, math.nan, math.inf, "1"], "above 0 and finite"),
        *refused("weight_decay", [-0.1, math.nan, math.inf, None], "at least 0 and finite"),
        *refused("momentum", [-0.1, 1, "0.9"], "in [0, 1)"),
        *refused("nesterov", [1, None, "yes"], "True or False"),
        *refused("label_smoothing", [-0.1, 1.0], "in [0, 1)"),
        *refused("milestone_factor", [0, 1.5], "in (0, 1]"),
        *refused("milestones", [(0,), (2, 2), (2, 1), 3, "12"], "rising whole numbers of at lea"),
        *refused("gradient_clip_norm", [0, math.inf, "1"], "above 0 and finite, or None"),
        *refused("target_accuracy", [0, 1.01, "90 %"], "in (0, 1], or None"),
        *refused("patience", [0, 1.5], "a whole number of at least 1, or None"),
        *refused("distillation_weight", [0, 1.01], "in (0, 1]"),
        *refused("distillation_temperature", [0, math.inf], "above 0 and finite"),
        *refused("regularization_strength", [0, -1], "above 0 and finite"),
        *refused("optimizer", ["adam", None], "one of 'adamw', 'sgd'"),
        *refused("schedule", ["step"], "one of 'one-cycle', 'cosine', 'multi-step', 'constant'"),
        *refused("augmentation", ["flip"], "one of 'none', 'standard', 'crop', 'crop-flip'"),
        *refused("mixed_precision", [True, "on"], "one of 'off', 'auto'"),
        *refused("regularization", ["l1"], "one of 'none', 'bn-scale', 'group-lasso'"),
        *refused("device", ["gpu", 0], "one of 'auto', 'cuda', 'mps', 'cpu'"),
    ],
)
def test_settings_out_of_range_are_refused(setting: str, value: Any, constraint: str) -> None:
    start = re.escape(f"{setting} of fine-tuning must be {constraint}")
    end = re.escape(f", got {value!r}. ")
    with pytest.raises(TrainingError, match=rf"^{start}.*{end}\w.*\.$"):
        FinetuneSettings(**{setting: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup_epochs": 1}, "warmup_epochs .* must be 0 for schedule 'one-cycle', got 1: "),
        (
            {"warmup_epochs": 3, "schedule": "cosine"},
            "warmup_epochs of fine-tuning must be below its 3 epochs, got 3",
        ),
        (
            {"milestones": (2, 5), "epochs": 5},
            "milestones of fine-tuning must be below its 5 epochs, got 5",
        ),
        ({"optimizer": "sgd", "momentum": 0}, "momentum .* must be above 0 for Nesterov's form, g"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        FinetuneSettings(**settings)


def test_settings_survive_json() -> None:
    settings = FinetuneSettings(**OTHERS)
    default = FinetuneSettings()
    assert all(getattr(settings, name) != getattr(default, name) for name in default.to_json())
    assert FinetuneSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_what_json_leaves_out_has_its_default() -> None:
    assert FinetuneSettings.from_json({"epochs": 5}) == FinetuneSettings(epochs=5)


def test_numbers_of_numpy_become_plain_ones() -> None:
    settings = FinetuneSettings(epochs=np.int64(4), learning_rate=np.float32(0.5), weight_decay=0)  # type: ignore[arg-type]
    assert [type(v) for v in (settings.epochs, settings.learning_rate)] == [int, float]
    assert json.dumps(settings.to_json()["weight_decay"]) == "0.0"


def test_an_unknown_setting_is_refused_with_the_nearest_name(session: Session) -> None:
    message = (
        r"has no setting 'learning_rat'\. Did you mean 'learning_rate'\? It has epochs, .*seed"
    )
    with pytest.raises(TrainingError, match=message):
        FinetuneSettings.from_json({"learning_rat": 0.1})
    with pytest.raises(TrainingError, match=message):
        session.finetune(epochs=1, learning_rat=0.1)
    with pytest.raises(TrainingError, match=r"must be given by name, got \[1\]"):
        FinetuneSettings.from_json([1])  # type: ignore[arg-type]
