from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from workbench import Plan, Session
from workbench.actions import Finetune, Measure, Open, Prune, Rewind, Undo
from workbench.errors import ExportError, HistoryError
from workbench.recipes import Entry, Recipe, recipe_from_yaml


def same_weights(one: Session, other: Session) -> bool:
    ours, theirs = one.model.state_dict(), other.model.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_a_recipe_is_the_path_to_the_current_step(travelled: Session) -> None:
    recipe = travelled.recipe()
    assert [entry.action.kind for entry in recipe.entries] == [
        "open",
        "prune",
        "finetune",
        "prune",
        "rewind",
        "recalibrate",
        "measure",
    ]
    assert recipe.entries[4].action == Rewind(1)  # the second of the steps; the first was undone
    assert recipe.entries[1].action.plan.picks_of("conv1") == ((3,), ())
    assert [entry.name for entry in recipe.entries][:4] == ["", "", "recovered", ""]
    assert recipe.entries[2].remark == "one epoch\nis enough"
    assert (dict(recipe.targets), recipe.plan) == ({"accuracy": 0.5}, None)


def test_the_present_plan_is_said_if_it_was_not_carried_out(session: Session) -> None:
    assert session.recipe().plan is None
    session.plan = Plan(ratio=0.5)
    assert session.recipe().plan == Plan(ratio=0.5)
    session.prune()
    assert session.recipe().plan is None


def test_a_recipe_survives_yaml(travelled: Session) -> None:
    travelled.plan = Plan(ratio=0.75).keep("conv1", [0, 1])
    recipe = travelled.recipe(export="onnx")
    assert recipe_from_yaml(recipe.to_yaml()) == recipe


def test_the_yaml_is_plain_data_with_the_steps_in_order(travelled: Session) -> None:
    data = yaml.safe_load(travelled.recipe().to_yaml())
    assert list(data) == ["format_version", "steps", "targets", "made_with", "expected"]
    assert [step["action"] for step in data["steps"]] == [
        "open",
        "prune",
        "finetune",
        "prune",
        "rewind",
        "recalibrate",
        "measure",
    ]
    assert data["steps"][1]["plan"]["removed_channels"] == {"conv1": [3]}
    assert set(data["expected"]) == {"opened", "weights", "parameters", "macs", "accuracy"}
    assert data["made_with"]["torch"] == torch.__version__


def test_names_from_a_model_cannot_break_the_yaml() -> None:
    unit = "a: b\n- {c}\u2028 'd' \"e\" #"
    recipe = recipe_from_yaml("format_version: 1\nsteps: [{action: open, model: digits_cnn}]")
    hostile = Recipe((*recipe.entries, *recipe.entries[1:]), plan=Plan().lock(unit))
    assert recipe_from_yaml(hostile.to_yaml()) == hostile


def test_the_script_does_the_same(
    travelled: Session, own: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = travelled.script()
    assert "from workbench import Plan, Session\n" in script
    names = own()
    exec(script, names)
    with names["session"] as again:
        assert same_weights(again, travelled)
        assert again.plan == travelled.plan
        assert again.targets == travelled.targets
        assert again.history[2].name == "recovered"


def test_the_script_of_a_named_model_is_short() -> None:
    assert Recipe((Entry(Open("digits_cnn", "digits")),)).script() == (
        'from workbench import Session\n\nsession = Session("digits_cnn", "digits")\n'
    )


def test_a_recipe_is_written_whole(travelled: Session, tmp_path: Path) -> None:
    path = tmp_path / "new" / "recipe.yaml"
    travelled.recipe().write(path)
    assert recipe_from_yaml(path.read_text(encoding="utf-8")) == travelled.recipe()
    assert [entry.name for entry in path.parent.iterdir()] == ["recipe.yaml"]
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ExportError, match=r"cannot write .*file"):
        travelled.recipe().write(blocked / "recipe.yaml")


def test_actions_that_make_no_step_are_known() -> None:
    made = [action.makes_step for action in (Prune(Plan()), Measure(), Undo(), Open("a"))]
    assert made == [True, True, False, False]
    assert Finetune.makes_step


def test_any_step_has_a_recipe_and_code_of_its_own(travelled: Session) -> None:
    recipe = travelled.recipe(3)
    assert [entry.action.kind for entry in recipe.entries] == ["open", "prune", "finetune"]
    assert (recipe.plan, dict(recipe.targets)) == (None, {})
    assert recipe.expected.weights != travelled.recipe().expected.weights
    assert travelled.script(3).endswith('remark="one epoch\\nis enough")\n')
    assert travelled.code(3) == "session.finetune(epochs=1, learning_rate=0.01)"
    assert travelled.code(5) == (
        'session.plan = session.plan.with_(granularity="weight", criterion="l1")\nsession.prune()'
    )
    assert travelled.code(0).endswith("session = Session(model, data)")
    with pytest.raises(HistoryError, match="got 99"):
        travelled.code(99)
