import datetime
import re
from typing import Any

import pytest

from workbench.actions import Open, Prune
from workbench.errors import HistoryError
from workbench.measure.metrics import Metrics
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.session.history import History, Step

METRICS = Metrics(parameters=9, nonzero_parameters=9, macs=5, size_bytes=36)


@pytest.fixture
def history(dense: PrunedModel) -> History:
    return History(dense, METRICS, Open("toy"))


def commit(history: History, model: PrunedModel, name: str) -> Step:
    step = Step(history.next_id(), history.current.id, Prune(Plan()), METRICS, name=name)
    return history.commit(model, step)


def test_a_history_begins_with_the_opened_model(history: History, dense: PrunedModel) -> None:
    assert len(history) == 1 and history.model is dense
    first = history.current
    assert (first.id, first.parent, first.kind, first.title) == (0, None, "open", "opened toy")
    assert datetime.datetime.fromisoformat(first.created).tzinfo is not None


def test_a_commit_becomes_current_with_its_model(history: History, dense: PrunedModel) -> None:
    other = dense.with_module(dense.module)
    step = commit(history, other, "pruned")
    assert (step.id, step.parent, history.current) == (1, 0, step)
    assert history.model is other and history.model_of(0) is dense
    assert [step.id for step in history] == [0, 1]


def test_undo_and_redo_walk_along_a_branch(history: History, dense: PrunedModel) -> None:
    for title in ("one", "two", "three"):
        commit(history, dense, title)
    assert [history.undo().id, history.undo().id] == [2, 1]
    assert [history.redo().id, history.redo().id] == [2, 3]
    assert (history.can_undo, history.can_redo) == (True, False)


def test_a_commit_after_undo_starts_a_branch(history: History, dense: PrunedModel) -> None:
    commit(history, dense, "one")
    commit(history, dense, "two")
    history.undo()
    third = commit(history, dense, "three")
    assert (third.id, third.parent) == (3, 1)
    assert [step.title for step in history.path()] == ["opened toy", "one", "three"]
    assert not history.can_redo


def test_checkout_goes_to_any_step_and_forgets_what_was_undone(
    history: History, dense: PrunedModel
) -> None:
    commit(history, dense, "one")
    commit(history, dense, "two")
    history.undo()
    assert history.checkout(2).title == "two"
    assert not history.can_redo
    assert history.checkout(0).id == 0


def test_the_first_step_cannot_be_undone(history: History) -> None:
    with pytest.raises(HistoryError, match="nothing to undo: this is the model as it was opened"):
        history.undo()
    assert not history.can_undo


def test_without_undo_there_is_nothing_to_redo(history: History, dense: PrunedModel) -> None:
    commit(history, dense, "one")
    with pytest.raises(HistoryError, match="nothing to redo: no step was undone"):
        history.redo()


@pytest.mark.parametrize("step_id", [2, -1, "1", None])
def test_an_unknown_step_is_refused_with_those_there_are(
    history: History, dense: PrunedModel, step_id: Any
) -> None:
    commit(history, dense, "one")
    message = f"step must be one of 0 to 1, got {step_id!r}. session.history lists them all."
    for ask in (history.__getitem__, history.checkout, history.model_of):
        with pytest.raises(HistoryError, match=re.escape(message)):
            ask(step_id)
    assert history.current.id == 1


def test_figures_and_notes_can_follow_a_commit(history: History) -> None:
    later = Metrics(parameters=9, nonzero_parameters=9, macs=5, size_bytes=36, onnx_bytes=100)
    history.measured(0, later)
    history.annotate(0, "measured late")
    history.annotate(0, "and noted")
    assert history[0].metrics == later
    assert history[0].notes == ("measured late", "and noted")
