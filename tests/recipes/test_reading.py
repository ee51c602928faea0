import re
from pathlib import Path

import pytest

from workbench import Plan
from workbench.actions import Finetune, Open, Prune
from workbench.errors import RecipeError
from workbench.export.formats import FORMATS
from workbench.recipes import read_recipe, recipe_from_yaml
from workbench.recipes.outcome import Outcome
from workbench.training import FinetuneSettings

SHORT = """
format_version: 1
steps:
- {action: open, model: digits_cnn, data: digits}
- action: prune
  plan:
    ratios: {block1.conv1: 0.5}
    removed_channels: {block1.conv1: [0, 3]}
- {action: finetune, settings: {epochs: 2, learning_rate: 1e-3}, name: Recovered}
expected: {accuracy: 0.98}
"""

OPEN = "- {action: open, model: digits_cnn}\n"

KNOWN = ", ".join(FORMATS)


def test_a_recipe_can_be_written_by_hand() -> None:
    recipe = recipe_from_yaml(SHORT)
    assert [entry.action for entry in recipe.entries] == [
        Open("digits_cnn", "digits"),
        Prune(Plan().with_ratio("block1.conv1", 0.5).remove("block1.conv1", [0, 3])),
        Finetune(FinetuneSettings(epochs=2, learning_rate=0.001)),
    ]
    assert recipe.entries[2].name == "Recovered"
    assert recipe.expected == Outcome(accuracy=0.98)


def refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)):
        recipe_from_yaml(text, "recipe r.yaml")


def test_what_is_not_yaml_is_refused_with_its_line() -> None:
    refused("format_version: 1\nsteps: [", "recipe r.yaml, line 2 must be YAML, but cannot be read")


def test_yaml_that_would_make_objects_is_refused() -> None:
    refused(
        "format_version: 1\nsteps: !!python/object/apply:os.system ['echo']",
        "could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os",
    )


def test_a_key_that_is_there_twice_is_refused() -> None:
    refused(
        "format_version: 1\nexport: [onnx]\nexport: []",
        "recipe r.yaml, line 3 must be YAML, but cannot be read: the key 'export' is there twice",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "just text",
            "recipe r.yaml must be a mapping with the keys format_version and steps, got",
        ),
        ("", "must be a mapping with the keys format_version and steps, got None"),
        (
            "format_version: 2\nsteps: []",
            "format_version of recipe r.yaml must be at most 1, got 2: it was written by a newer "
            "version than this one",
        ),
        ("steps: []", "format_version of recipe r.yaml must be 1, got None."),
        ("format_version: true", "format_version of recipe r.yaml must be 1, got True."),
        (
            "format_version: 1\nstep: []",
            "recipe r.yaml has an unknown key 'step'; known are format_version, steps, plan, "
            "targets, export, made_with, expected. Did you mean 'steps'?",
        ),
        (
            "format_version: 1",
            "steps of recipe r.yaml must be a list that begins with opening a model, got None.",
        ),
        ("format_version: 1\nsteps: []", "must be a list that begins with opening a model, got []"),
        (
            "format_version: 1\nsteps: [3]",
            "recipe r.yaml, step 0: a step must be a mapping with the key 'action', got 3.",
        ),
        (
            "format_version: 1\nsteps: [{action: measure}]",
            "recipe r.yaml, step 0: the first step must be action 'open', got 'measure'.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: prun}}",
            "recipe r.yaml, step 1: action must be one of open, ",
        ),
        (f"format_version: 1\nsteps:\n{OPEN}- {{action: prun}}", "Did you mean 'prune'?"),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: undo}}",
            "recipe r.yaml, step 1: action 'undo' has no place here: it makes no step of its own.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}{OPEN}",
            "recipe r.yaml, step 1: action 'open' has no place here",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: prune, plan: {{ratio: 2}}}}",
            "recipe r.yaml, step 1: ratio of the plan must be in [0, 1), got 2.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: measure, naem: x}}",
            "recipe r.yaml, step 1: action 'measure' has no argument 'naem'",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: measure, name: 3}}",
            "recipe r.yaml, step 1: name of a step must be text, got 3.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}- {{action: finetune, settings: {{epochs: 0}}}}",
            "recipe r.yaml, step 1: epochs of fine-tuning must be",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}export: ../../etc",
            f"recipe r.yaml, export: export formats must be among {KNOWN}; got '../../etc'.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}export: {{directory: /etc, formats: [onnx]}}",
            "bundle; got {'directory': '/etc', 'formats': ['onnx']}.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}targets: {{speed: 3}}",
            "recipe r.yaml, targets: a target's metric must be one of",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}plan: [1]",
            "recipe r.yaml, plan: a plan's JSON must be an object of settings, got [1].",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}expected: {{accuracy: high}}",
            "recipe r.yaml, expected: accuracy must be a number of at least 0, got 'high'.",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}expected: {{acuracy: 1}}",
            "recipe r.yaml, expected: what is expected must be given by figure (opened, weights,",
        ),
        (
            f"format_version: 1\nsteps:\n{OPEN}made_with: 3",
            "recipe r.yaml, made_with: versions must be given by name, got 3.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    refused(text, message)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"recipe .*missing.yaml cannot be read: No such file"):
        read_recipe(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"recipe .*binary.yaml cannot be read: 'utf-8' codec"):
        read_recipe(tmp_path / "binary.yaml")


def test_files_beside_a_recipe_are_taken_from_there(tmp_path: Path) -> None:
    (tmp_path / "net.pt").touch()
    (tmp_path / "r.yaml").write_text(
        "format_version: 1\nsteps: [{action: open, model: lenet5, data: 'npz:gone.npz', "
        "weights: net.pt}]"
    )
    opening = read_recipe(tmp_path / "r.yaml").opening
    assert (opening.weights, opening.data) == (str(tmp_path / "net.pt"), "npz:gone.npz")
