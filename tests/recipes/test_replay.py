import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from toys import ToyNet, counted_up

from workbench import Plan, Session
from workbench.actions import Finetune, Prune
from workbench.errors import DataError, RecipeError, UnknownUnitError
from workbench.progress import Cancelled
from workbench.recipes import Entry, Recipe
from workbench.training import FinetuneSettings

Own = Callable[[], dict[str, Any]]


def test_a_replay_comes_out_the_same_bit_for_bit(travelled: Session, own: Own) -> None:
    recipe = travelled.recipe()
    with recipe.replay(**own()) as again:
        ours, theirs = travelled.model.state_dict(), again.model.state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
        assert recipe.differences(again) == ()
        assert [(step.kind, step.name, step.remark) for step in again.history] == [
            (step.kind, step.name, step.remark) for step in travelled.history.path()
        ]
        assert (again.plan, again.targets) == (travelled.plan, travelled.targets)
        assert again.recipe() == recipe


def test_what_came_out_otherwise_is_named(travelled: Session, own: Own) -> None:
    recipe = travelled.recipe()
    further = Entry(Finetune(FinetuneSettings(epochs=1)))
    changed = replace(recipe, entries=(*recipe.entries, further))
    with changed.replay(**own()) as again:
        found = {d.figure: d for d in changed.differences(again)}
    assert "weights" in found and not {"opened", "parameters"} & set(found)
    assert found["weights"].expected == recipe.expected.weights != found["weights"].found


def test_another_model_of_your_own_is_told_from_the_first(session: Session, own: Own) -> None:
    recipe, given = session.recipe(), own()
    other = counted_up(ToyNet())
    with torch.no_grad():
        next(other.parameters()).mul_(2)
    with recipe.replay(model=other, data=given["data"]) as again:
        assert {d.figure for d in recipe.differences(again)} >= {"opened", "weights"}


def test_progress_goes_from_nothing_to_all(travelled: Session, own: Own) -> None:
    heard: list[tuple[float, str]] = []

    class Listening:
        def report(self, done: float, total: float, message: str = "") -> None:
            heard.append((done / total, message))

    travelled.recipe().replay(**own(), monitor=Listening()).close()
    shares = [share for share, _ in heard]
    assert shares == sorted(shares) and (shares[0], shares[-1]) == (0, 1)
    assert {"measuring the baseline", "fine-tuned 1 epoch"} <= {message for _, message in heard}


def test_a_replay_can_be_cancelled_and_leaves_no_thread(travelled: Session, own: Own) -> None:
    before = set(threading.enumerate())
    recipe = travelled.recipe()
    endless = Entry(Finetune(FinetuneSettings(epochs=100_000)))

    class Impatient:
        def report(self, done: float, total: float, message: str = "") -> None:
            if "/100000" in message:
                raise Cancelled(message)

    with pytest.raises(Cancelled):
        Recipe((*recipe.entries[:2], endless)).replay(**own(), monitor=Impatient())
    _ended(before)


def _ended(before: set[threading.Thread]) -> None:
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("given", ["model", "data"])
def test_what_is_your_own_has_to_be_passed_in(session: Session, own: Own, given: str) -> None:
    missing = {"model": "data", "data": "model"}[given]
    message = f"the recipe needs {missing}=..., your own"
    with pytest.raises(RecipeError, match=re.escape(message)):
        session.recipe().replay(**{given: own()[given]})


def test_a_plan_for_another_model_is_refused_before_anything_is_done(
    session: Session, own: Own
) -> None:
    before = set(threading.enumerate())
    opening = session.recipe().entries[0]
    recipe = Recipe((opening, Entry(Prune(Plan(ratio=0.5))), Entry(Prune(Plan().lock("conv9")))))
    with pytest.raises(RecipeError, match=r"step 2 of the recipe, pruned .*'conv9'") as caught:
        recipe.replay(**own())
    assert isinstance(caught.value.__cause__, UnknownUnitError)
    _ended(before)


def test_missing_data_are_named_with_the_step(session: Session, own: Own) -> None:
    first = session.recipe().entries[0]
    opening = replace(first.action, data="npz:gone.npz", own_data=False)  # type: ignore[type-var]
    with pytest.raises(RecipeError, match=r"step 0 of the recipe, opened .*gone.npz") as caught:
        Recipe((Entry(opening),)).replay(model=own()["model"])
    assert isinstance(caught.value.__cause__, DataError)


def test_a_step_that_fails_is_named(session: Session, own: Own) -> None:
    diverging = Entry(Finetune(FinetuneSettings(epochs=1, learning_rate=1e30)))
    recipe = Recipe((session.recipe().entries[0], diverging))
    with pytest.raises(RecipeError, match=r"cannot be replayed, fine-tuned 1 epoch: .*learning"):
        recipe.replay(**own())


def test_a_directory_that_holds_steps_already_is_refused(
    travelled: Session, own: Own, tmp_path: Path
) -> None:
    recipe = Recipe(travelled.recipe().entries[:2])
    recipe.replay(directory=tmp_path / "s", **own()).close()
    with Session.open(tmp_path / "s", **own()) as kept:
        assert [step.kind for step in kept.history] == ["open", "prune"]
    message = f"without steps, got {tmp_path / 's'}, which holds 1 already"
    with pytest.raises(RecipeError, match=re.escape(message)):
        recipe.replay(directory=tmp_path / "s", **own())
