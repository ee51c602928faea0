"""A recipe from its YAML; whatever is wrong with it is named with its step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import workbench
from workbench.actions import Action, Open, action_from_json
from workbench.errors import ActionError, RecipeError, WorkbenchError
from workbench.export.formats import chosen_formats
from workbench.plan import Plan
from workbench.recipes.outcome import Outcome
from workbench.recipes.recipe import FORMAT_VERSION, Entry, Recipe
from workbench.recipes.yaml_text import yaml_data
from workbench.session.step_names import checked_name, checked_remark
from workbench.targets import checked_targets

_KEYS = ("format_version", "steps", "plan", "targets", "export", "made_with", "expected")


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a file.

    Data and weights files with a relative path are taken from the recipe's own directory, where
    that has them; a path that leads out of it by ``..`` is refused.

    Raises:
        RecipeError: If there is no such file, it holds no recipe that this version knows, or a
            relative path leads out of its directory.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecipeError(
            f"recipe {path} cannot be read: {reason}. Pass the file that Save recipe wrote."
        ) from None
    recipe = recipe_from_yaml(text, f"recipe {path}")
    first, *others = recipe.entries
    try:
        beside = replace(first, action=recipe.opening.beside(path.parent))
    except ActionError as error:
        raise RecipeError(f"recipe {path}, step 0: {error}") from error
    return replace(recipe, entries=(beside, *others))


def recipe_from_yaml(text: str, source: str = "the recipe") -> Recipe:
    """Read a recipe from YAML.

    Args:
        text: YAML.
        source: What to call it in messages.

    Raises:
        RecipeError: If it holds no recipe that this version knows.
    """
    data = yaml_data(text, source)
    if not isinstance(data, Mapping):
        raise RecipeError(
            f"{source} must be a mapping with the keys format_version and steps, got "
            f"{_shortened(data)}."
        )
    _check_version(data, source)
    _check_keys(data, _KEYS, source)
    parts = {key: data[key] for key in _KEYS[2:] if data.get(key) is not None}
    readers = {
        "plan": Plan.from_json,
        "targets": checked_targets,
        "export": _formats,
        "made_with": _versions,
        "expected": Outcome.from_json,
    }
    read: dict[str, Any] = {}
    for key, part in parts.items():
        try:
            read[key] = readers[key](part)
        except WorkbenchError as error:
            raise RecipeError(f"{source}, {key}: {error}") from error
    return Recipe(_entries(data.get("steps"), source), **read)


def _check_version(data: Mapping[Any, Any], source: str) -> None:
    version = data.get("format_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT_VERSION:
        raise RecipeError(
            f"format_version of {source} must be at most {FORMAT_VERSION}, got {version}: it was "
            f"written by a newer version than this one, {workbench.__version__}. Upgrade "
            "pruning-workbench."
        )
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise RecipeError(
            f"format_version of {source} must be {FORMAT_VERSION}, got {version!r}. Write "
            f"'format_version: {FORMAT_VERSION}' into its first line."
        )


def _check_keys(data: Mapping[Any, Any], known: Sequence[str], source: str) -> None:
    for key in data:
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise RecipeError(
                f"{source} has an unknown key {key!r}; known are {', '.join(known)}.{hint}"
            )


def _entries(steps: object, source: str) -> tuple[Entry, ...]:
    if not isinstance(steps, list) or not steps:
        raise RecipeError(
            f"steps of {source} must be a list that begins with opening a model, got "
            f"{_shortened(steps)}. The first may be 'action: open, model: digits_cnn'."
        )
    entries = []
    for place, step in enumerate(steps):
        try:
            entries.append(_entry(step, place))
        except WorkbenchError as error:
            raise RecipeError(f"{source}, step {place}: {error}") from error
    return tuple(entries)


def _entry(step: object, place: int) -> Entry:
    if not isinstance(step, Mapping):
        raise RecipeError(
            f"a step must be a mapping with the key 'action', got {_shortened(step)}."
        )
    name, remark = step.get("name", ""), step.get("remark", "")
    said = {key: value for key, value in step.items() if key not in ("name", "remark")}
    action = action_from_json(said)
    if place == 0 and not isinstance(action, Open):
        raise RecipeError(f"the first step must be action 'open', got {action.kind!r}.")
    if place and not action.makes_step:
        raise RecipeError(
            f"action {action.kind!r} has no place here: it makes no step of its own. Leave it out."
        )
    _check_steps_named(action, place)
    return Entry(action, checked_name(name), checked_remark(remark))


def _check_steps_named(action: Action, place: int) -> None:
    try:
        action.renumbered({step: step for step in range(place)})
    except KeyError as error:
        raise RecipeError(
            f"action {action.kind!r} must name one of the steps before it, 0 to {place - 1}, got "
            f"{error.args[0]}."
        ) from None


def _formats(formats: Any) -> tuple[str, ...]:
    listed = formats if isinstance(formats, list) else [formats]
    return tuple(one.spelled for one in chosen_formats(tuple(listed)))


def _versions(data: object) -> dict[str, str]:
    if not isinstance(data, Mapping):
        raise RecipeError(f"versions must be given by name, got {_shortened(data)}.")
    return {str(name): str(version) for name, version in data.items()}


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
