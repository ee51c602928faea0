from collections.abc import Iterator

import pytest

from widgets.panels.compare import ComparePanel, pair_of
from workbench import Plan, Session


@pytest.fixture
def branched(session: Session) -> Session:
    """0 opened; 1 pruned; 2 trained; and from 1: 3 trained otherwise, the current one."""
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(1)
    session.checkout(1)
    session.finetune(1, seed=1)
    return session


@pytest.fixture
def panel(branched: Session) -> Iterator[ComparePanel]:
    yield ComparePanel(branched, lambda: None)


def test_one_step_alone_is_compared_with_none(session: Session) -> None:
    assert pair_of(session.history, []) == ()
    panel = ComparePanel(session, lambda: None)
    panel.update(())
    assert panel._view.described == {}


@pytest.mark.parametrize(
    ("current", "chosen", "pair"),
    [
        (3, [], (0, 3)),
        (0, [], (0, 3)),
        (3, [2], (2, 3)),
        (3, [3], (3, 1)),
        (1, [2, 0], (2, 0)),
    ],
)
def test_ticked_steps_are_compared_else_with_the_current_one(
    branched: Session, current: int, chosen: list[int], pair: tuple[int, int]
) -> None:
    branched.checkout(current)
    assert pair_of(branched.history, chosen) == pair


def test_the_panel_shows_two_steps_and_the_weights_of_a_layer(panel: ComparePanel) -> None:
    panel.update((0, 3))
    panel.charts.update()
    assert (panel._view.described["first"], panel._view.described["second"]) == (0, 3)
    assert panel._view.layer == "conv1"
    chart = panel.charts.chart
    assert chart.root.title.text == "Weights of conv1"
    assert (sum(chart.source.data["first"]), sum(chart.source.data["second"])) == (36, 18)


def test_another_layer_can_be_chosen(panel: ComparePanel) -> None:
    panel.update((0, 3))
    panel._view._handle_custom_msg({"type": "layer", "layer": "conv2"}, [])
    panel.update((0, 3))
    panel.charts.update()
    assert panel._view.layer == "conv2"
    assert panel.charts.chart.root.title.text == "Weights of conv2"


def test_two_steps_are_worked_out_again_only_when_one_of_them_changed(
    branched: Session, panel: ComparePanel
) -> None:
    panel.update((0, 3))
    before = panel._comparison
    panel.update((0, 3))
    assert panel._comparison is before
    branched.rename(3, name="other")
    panel.update((0, 3))
    assert panel._view.described["second_title"] == "other"
