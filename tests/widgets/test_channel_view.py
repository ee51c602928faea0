"""The view of channels without a browser: what is sent, what is taken, what is said."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from widgets.channel_atlas import agreement_words, drawn
from widgets.channel_states import channel_states, picked_words, summary
from widgets.channel_view import ChannelView
from widgets.intents import channels_intent
from widgets.panels.inspect import unit_view
from workbench import Session
from workbench.channels import Importances
from workbench.units import Unit

Record = Callable[[Any], list[dict[str, Any]]]


def unit(session: Session, name: str) -> Unit:
    return next(unit for unit in session.units if unit.name == name)


def states(session: Session, name: str) -> list[str]:
    return channel_states(session, unit(session, name))


def test_only_states_that_change_are_sent(record: Record) -> None:
    view = ChannelView(print)
    view.show({"unit": "conv1", "size": 4}, b"", ["kept"] * 4)
    sent = record(view)
    view.update_states(["kept", "goes", "goes", "kept-by-hand"])
    contents = [message["content"] for message in sent]
    assert contents == [
        {"type": "states", "unit": "conv1", "changes": {"goes": [1, 2], "kept-by-hand": [3]}}
    ]
    view.update_states(["kept", "goes", "goes", "kept-by-hand"])
    assert len(sent) == 1
    assert view.get_state("states")["states"] == ["kept", "goes", "goes", "kept-by-hand"]


def test_what_fits_another_unit_is_refused(record: Record) -> None:
    view = ChannelView(print)
    view.show({"unit": "conv1"}, b"", ["kept"])
    with pytest.raises(ValueError, match="argument 2"):
        view.update_states(["kept", "kept"])


@pytest.mark.parametrize("kind", ["keep", "remove", "release"])
def test_picks_arrive_checked(kind: str) -> None:
    message = {"type": kind, "unit": "conv1", "channels": [0, 3], "more": 1}
    assert channels_intent(message, "conv1", 4) == {
        "type": kind,
        "unit": "conv1",
        "channels": [0, 3],
    }


@pytest.mark.parametrize(
    "message",
    [
        {"type": "keep", "unit": "conv2", "channels": [0]},
        {"type": "keep", "unit": "conv1", "channels": [4]},
        {"type": "keep", "unit": "conv1", "channels": [-1]},
        {"type": "keep", "unit": "conv1", "channels": [True]},
        {"type": "keep", "unit": "conv1", "channels": []},
        {"type": "keep", "unit": "conv1", "channels": "01"},
        {"type": "prune", "unit": "conv1", "channels": [0]},
        None,
    ],
)
def test_what_does_not_check_out_is_dropped(message: object) -> None:
    assert channels_intent(message, "conv1", 4) is None


def test_states_say_what_becomes_of_every_channel(session: Session) -> None:
    session.plan = session.plan.with_ratio("conv2", 0.5).remove("conv2", 5).keep("conv2", 0)
    found = states(session, "conv2")
    assert found == ["kept-by-hand", "goes", "goes", "kept", "kept", "removed-by-hand"]
    assert summary(session, unit(session, "conv2"), found) == (
        "6 channels · 3 would be removed · 1 removed and 1 kept by hand"
    )


def test_states_are_what_pruning_then_does(session: Session) -> None:
    session.plan = session.plan.with_ratios(0.5).remove("conv2", [4, 5]).keep("conv2", [0])
    goes = {n for n, s in enumerate(states(session, "conv2")) if s in ("goes", "removed-by-hand")}
    session.prune()
    assert set(np.flatnonzero(~session.alive()["conv2"])) == goes
    after = states(session, "conv2")
    assert [after[n] for n in sorted(goes)] == ["gone", "gone-by-hand", "gone-by-hand"]


def test_the_chart_of_importances_shows_picks_as_what_stays_and_goes(session: Session) -> None:
    session.plan = session.plan.with_ratio("conv2", 0.5).remove("conv2", 5).keep("conv2", 0)
    view = unit_view(session, unit(session, "conv2"))
    assert view.kept == [True, False, False, True, True, False]
    assert view.importances == sorted(view.importances)


def test_picks_that_cannot_be_carried_out_say_why(session: Session) -> None:
    session.plan = session.plan.remove("conv2", [5]).lock("conv2")
    found = states(session, "conv2")
    assert found[5] == "stays"
    assert "(locked: 1 removed by hand stay)" in summary(session, unit(session, "conv2"), found)


def test_without_scores_nobody_knows_which_channels_go(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.plan = session.plan.with_ratio("conv2", 0.5).remove("conv2", 5)
    monkeypatch.setattr(Session, "known_scores", lambda self: None)
    found = states(session, "conv2")
    assert found == ["unknown"] * 5 + ["removed-by-hand"]
    assert "once they are scored" in summary(session, unit(session, "conv2"), found)


@pytest.mark.parametrize(
    ("removed", "kept", "words"),
    [
        (0, 0, ""),
        (2, 0, "2 removed by hand"),
        (0, 1, "1 kept by hand"),
        (2, 1, "2 removed and 1 kept by hand"),
    ],
)
def test_picks_are_counted_in_words(removed: int, kept: int, words: str) -> None:
    assert picked_words(removed, kept) == words


def test_the_atlas_holds_every_number_where_the_description_says(session: Session) -> None:
    report = session.inspect_channels("conv2")
    described, data = drawn(report, session.dataset.classes)
    assert report.responses is not None and report.weights is not None
    answers, weights = described["responses"], described["weights"]

    def numbers(kind: str, offset: int, count: int) -> np.ndarray:
        return np.frombuffer(data, kind, count, offset)

    ranks = report.importances.ranks
    assert numbers("<f4", described["ranks"], ranks.size).tolist() == ranks.ravel().tolist()
    assert (
        numbers("<f4", answers["means"], 18).tolist()
        == report.responses.class_means.ravel().tolist()
    )
    assert numbers("<i4", answers["neighbours"], 6).tolist() == report.responses.neighbours.tolist()
    maps = report.responses.maps
    assert numbers("u1", answers["offset"], maps.size).tolist() == maps.ravel().tolist()
    pixels = report.weights.pixels
    assert numbers("u1", weights["offset"], pixels.size).tolist() == pixels.ravel().tolist()
    assert described["classes"] == ["top", "middle", "bottom"]
    assert [image["label"] for image in described["images"][:3]] == ["top", "middle", "bottom"]


@pytest.mark.parametrize(
    ("together", "words"),
    [(0.95, "almost alike"), (0.75, "largely agree"), (0.0, "disagree"), (-0.8, "disagree")],
)
def test_agreement_is_told_in_plain_words(together: float, words: str) -> None:
    agreement = np.array([[1, together], [together, 1]])
    ranked = Importances(("l1", "l2"), np.zeros((2, 3)), agreement)
    assert words in agreement_words(ranked)
    assert f"{together:.2f}" in agreement_words(ranked)
    alone = Importances(("l1",), np.zeros((1, 3)), np.ones((1, 1)))
    assert agreement_words(alone) == ""
