"""Probe inputs whose predicted class a plan changes."""

from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from watching import heard

from workbench import Plan, Session
from workbench.events import Event, ModelAnswered, TaskEnded, TaskStarted
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.pruned import PrunedModel
from workbench.session.probing import Probing


def test_flips_are_known_once_a_plan_was_measured(digits: Session) -> None:
    session = digits
    session.plan = Plan(ratio=0.77)
    assert session.flipped is None
    found = session.preview()
    flips = session.flipped
    assert flips is not None and flips.inputs == len(session.dataset.probe)
    own = evaluate(session.model, session.dataset.probe)
    changed = np.flatnonzero((own.predictions != found.predictions).numpy())
    assert sorted(flips.indices.tolist()) == changed.tolist() != []
    assert session.flipped is flips
    session.plan = Plan(ratio=0.5)
    assert session.flipped is None


def test_a_model_is_asked_for_its_own_answers_once(session: Session) -> None:
    events = heard(session)
    asked: list[torch.nn.Module] = []
    answers = Probing.answers

    def noted(probing: Probing, model: PrunedModel, *others: Any) -> Evaluation:
        if model is session.pruned:
            asked.append(model.module)
        return answers(probing, model, *others)

    with patch.object(Probing, "answers", noted):
        for ratio in (0.25, 0.5, 0.75):
            session.plan = Plan(ratio=ratio)
            session.preview()
        assert asked == [session.model]
        dense = session.model
        session.prune()
        session.plan = Plan(ratio=0.8)
        session.preview()
        assert asked == [dense, session.model]
    assert len([event for event in events if isinstance(event, ModelAnswered)]) == 2


def test_what_a_model_was_asked_in_advance_it_is_not_asked_again(session: Session) -> None:
    events = heard(session)
    assert not session.answered
    own = session.submit_answers().result()
    assert session.answered and own.inputs == len(session.dataset.probe)
    assert session.submit_answers().result() is own
    session.plan = Plan(ratio=0.5)
    session.preview()
    assert session.flipped is not None
    assert len([event for event in events if isinstance(event, ModelAnswered)]) == 1
    session.prune()
    assert not session.answered


def test_a_plan_is_measured_before_a_model_is_asked_in_advance(session: Session) -> None:
    _ = session.baseline
    session.plan = Plan(ratio=0.5)
    events = heard(session)

    def release(event: Event) -> None:
        if isinstance(event, TaskStarted) and event.kind == "answers":
            session.submit_preview()

    session.events.subscribe(release)
    session.submit_answers().result()
    ended = [event.kind for event in events if isinstance(event, TaskEnded)]
    assert ended == ["preview", "answers"]


def test_after_undo_the_flips_are_against_the_model_as_it_is_then(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.preview()
    before = session.flipped
    session.prune()
    assert session.flipped is None
    session.undo()
    assert session.flipped is not None and before is not None
    assert session.flipped.indices.tolist() == before.indices.tolist()


def test_a_plan_that_removes_nothing_flips_nothing(session: Session) -> None:
    session.preview()
    assert session.flipped is not None and len(session.flipped) == 0
