import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.actions import (
    ACTIONS,
    Action,
    Checkout,
    Export,
    Finetune,
    Measure,
    Open,
    Prune,
    PruneGradually,
    Recalibrate,
    Redo,
    Reinitialize,
    Rename,
    Rewind,
    ScanSensitivity,
    SetPlan,
    SetTargets,
    Undo,
    UseDevice,
    action_from_json,
)
from workbench.errors import ActionError, PlanError, WorkbenchError
from workbench.gradual import GradualSettings
from workbench.plan import Plan
from workbench.training import FinetuneSettings

PLAN = Plan(ratio=0.5).lock("conv1").remove("conv2", [3, 7])

EXAMPLES: tuple[tuple[Action, str, str], ...] = (
    (
        Open("resnet20", "npz:cifar10.npz", weights="resnet20.th", normalize=((0.5,), (0.2,))),
        "opened resnet20",
        "session = Session(\n"
        '    "resnet20",\n'
        '    "npz:cifar10.npz",\n'
        '    weights="resnet20.th",\n'
        "    normalize=((0.5,), (0.2,)),\n"
        ")",
    ),
    (
        SetPlan(PLAN),
        "planned to prune channels by l1",
        'session.plan = Plan(ratio=0.5).lock("conv1").remove("conv2", [3, 7])',
    ),
    (
        SetTargets({"accuracy": 0.9, "macs": 1000}),
        "set targets of accuracy, macs",
        'session.targets = {"accuracy": 0.9, "macs": 1000}',
    ),
    (
        ScanSensitivity("adaptive", units=("conv1",)),
        "scanned sensitivity (adaptive)",
        'session.scan_sensitivity(mode="adaptive", units=("conv1",))',
    ),
    (
        Prune(PLAN),
        "pruned channels by l1",
        'session.plan = Plan(ratio=0.5).lock("conv1").remove("conv2", [3, 7])\nsession.prune()',
    ),
    (
        Finetune(FinetuneSettings(epochs=4, learning_rate=0.01)),
        "fine-tuned 4 epochs",
        "session.finetune(epochs=4, learning_rate=0.01)",
    ),
    (
        PruneGradually(PLAN, FinetuneSettings(epochs=9), GradualSettings(updates=5)),
        "pruned channels by l1 over 9 epochs",
        'session.plan = Plan(ratio=0.5).lock("conv1").remove("conv2", [3, 7])\n'
        "session.prune_gradually(gradual=GradualSettings(updates=5), epochs=9)",
    ),
    (Recalibrate(4), "recalibrated batch norms", "session.recalibrate(batches=4)"),
    (Rewind(2), "rewound the weights to step 2", "session.rewind(2)"),
    (Reinitialize(seed=3), "drew fresh weights", "session.reinitialize(seed=3)"),
    (Measure(), "measured again", "session.measure()"),
    (Undo(), "went back a step", "session.undo()"),
    (Redo(), "returned to the step undone", "session.redo()"),
    (Checkout(3), "went to step 3", "session.checkout(3)"),
    (
        Rename(2, name='the "best"'),
        "called step 2 'the \"best\"'",
        'session.rename(2, name="the \\"best\\"")',
    ),
    (
        UseDevice("cpu:4", 8),
        "measured on cpu:4, batch 8",
        'session.use_device("cpu:4", batch_size=8)',
    ),
    (Export("out"), "exported to out", 'session.export("out")'),
)
ACTIONS_ALONE = [action for action, _, _ in EXAMPLES]


def test_there_is_an_example_of_every_action() -> None:
    assert {action.kind for action in ACTIONS_ALONE} == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS_ALONE, ids=lambda action: action.kind)
def test_an_action_survives_json(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action.to_json()))) == action


@pytest.mark.parametrize(
    ("action", "title", "code"), EXAMPLES, ids=[action.kind for action in ACTIONS_ALONE]
)
def test_an_action_has_a_title_and_code(action: Action, title: str, code: str) -> None:
    assert action.title == title
    assert action.code() == code


def test_code_leaves_out_what_the_plan_says_already() -> None:
    assert Prune(PLAN).code(PLAN) == "session.prune()"
    changed = PLAN.with_ratio("conv3", 0.25)
    assert Prune(changed).code(PLAN) == (
        'session.plan = session.plan.with_ratio("conv3", 0.25)\nsession.prune()'
    )
    assert (Prune(changed).plan_after(PLAN), Measure().plan_after(PLAN)) == (changed, PLAN)


def test_an_own_module_and_own_data_are_named_and_passed_in() -> None:
    action = Open("lab.nets.Net", "loaders", own_model=True, own_data=True, given_example=True)
    assert action.title == "opened Net"
    assert action.code() == (
        "# model: your own lab.nets.Net\n"
        "# data: your own data, 'loaders' at the time\n"
        "# example_input: an input batch for it\n"
        "session = Session(model, data, example_input=example_input)"
    )


def test_paths_beside_a_recipe_are_found_there_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "cifar10.npz").touch()
    action = Open("resnet20", "npz:cifar10.npz", weights="resnet20.th")
    found = action.beside(tmp_path)
    assert (found.data, found.weights) == (f"npz:{tmp_path / 'cifar10.npz'}", "resnet20.th")
    assert Open("digits_cnn", "digits").beside(tmp_path) == Open("digits_cnn", "digits")


def test_steps_are_renumbered_where_an_action_names_one() -> None:
    assert Checkout(3).renumbered({3: 1}) == Checkout(1)
    assert Rewind(3).renumbered({3: 1}) == Rewind(1)
    assert Rename(3, remark="x").renumbered({3: 1}) == Rename(1, remark="x")
    assert Undo().renumbered({3: 1}) == Undo()


@pytest.mark.parametrize("data", ["prune", {"plan": {}}, {"action": 3}])
def test_what_is_no_action_is_refused(data: object) -> None:
    with pytest.raises(ActionError, match="an action must be an object with the key 'action', got"):
        action_from_json(data)


def test_an_unknown_action_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ActionError, match=r"one of open, .*'prun'\. Did you mean 'prune'"):
        action_from_json({"action": "prun"})


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            {"action": "checkout", "step": 3},
            ActionError,
            "action 'checkout' has no argument 'step'; it has step_id. Did you mean 'step_id'?",
        ),
        ({"action": "undo", "x": 1}, ActionError, "action 'undo' has no argument 'x'; it has none"),
        ({"action": "prune"}, ActionError, "action 'prune' needs the argument 'plan', got none."),
        (
            {"action": "checkout", "step_id": -1},
            ActionError,
            "step_id of action 'checkout' must be a whole number of at least 0, got -1.",
        ),
        (
            {"action": "checkout", "step_id": True},
            ActionError,
            "step_id of action 'checkout' must be a whole number of at least 0, got True.",
        ),
        (
            {"action": "open", "model": 3},
            ActionError,
            "model of action 'open' must be text, got 3.",
        ),
        (
            {"action": "open", "model": "a", "own_data": "yes"},
            ActionError,
            "own_data of action 'open' must be true or false, got 'yes'.",
        ),
        (
            {"action": "open", "model": "a", "seed": 0.5},
            ActionError,
            "seed of action 'open' must be a whole number, got 0.5.",
        ),
        (
            {"action": "open", "model": "a", "normalize": [0.5, 0.2]},
            ActionError,
            "normalize of action 'open' must be two lists of numbers, mean and standard deviation "
            "per channel, got [0.5, 0.2].",
        ),
        (
            {"action": "export", "directory": "out", "formats": "onnx"},
            ActionError,
            "formats of action 'export' must be a list of names, got 'onnx'.",
        ),
        ({"action": "prune", "plan": {"ratio": 2}}, PlanError, "must be in [0, 1), got 2"),
        ({"action": "prune", "plan": 3}, PlanError, "must be an object of settings, got 3"),
        (
            {"action": "set_targets", "targets": {"macs": -1}},
            PlanError,
            "target of 'macs' must be a finite number of at least 0, got -1.",
        ),
        (
            {"action": "set_targets", "targets": 3},
            PlanError,
            "targets must be given by metric, got 3.",
        ),
        (
            {"action": "scan_sensitivity", "ratios": 3},
            PlanError,
            "ratios of a scan must be in (0, 1), got 3.",
        ),
    ],
    ids=str,
)
def test_a_bad_argument_is_refused_with_value_and_bound(
    data: dict[str, Any], error: type[WorkbenchError], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        action_from_json(data)
