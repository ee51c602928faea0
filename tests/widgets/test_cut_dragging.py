"""Dragging the cut of the selected layer: from where the mouse is to a ratio of the plan."""

from collections.abc import Iterator

import pytest
from watching import eventually

from widgets import Workbench
from widgets.panels.inspect import UnitView, ratio_by_rank, ratio_by_threshold, unit_view
from widgets.table_rows import LARGEST_RATIO
from workbench import Plan, Session
from workbench.layers import main_weight


def view_of(session: Session, name: str) -> UnitView:
    return unit_view(session, next(unit for unit in session.units if unit.name == name))


def test_the_cut_at_a_rank_removes_as_many_channels(session: Session) -> None:
    view = view_of(session, "conv2")
    for rank, going in ((-3, 0), (0, 0), (1.6, 2), (99, view.size - 1)):
        ratio = ratio_by_rank(view, rank)
        session.plan = Plan().with_ratio("conv2", ratio)
        assert session.predict().kept["conv2"] == view.size - going


def test_channels_that_are_gone_count_as_removed(session: Session) -> None:
    session.plan = Plan().with_ratio("conv2", 0.5)
    session.prune()
    view = view_of(session, "conv2")
    assert ratio_by_rank(view, 0) == view.gone / view.size == 0.5
    assert ratio_by_rank(view, 1) == (view.gone + 1) / view.size


def test_a_threshold_removes_the_weights_below_it(session: Session) -> None:
    session.plan = Plan(granularity="weight")
    view = view_of(session, "conv2")
    weight = main_weight(session.model.get_submodule("conv2"))
    ordered = weight.detach().abs().flatten().sort().values
    ratio = ratio_by_threshold(view, weight, float(ordered[10]))
    assert ratio == int((ordered < ordered[10]).sum()) / view.size
    session.plan = session.plan.with_ratio("conv2", ratio)
    assert view_of(session, "conv2").threshold == pytest.approx(float(ordered[10]))
    assert ratio_by_threshold(view, weight, 1e9) == LARGEST_RATIO
    assert ratio_by_threshold(view, weight, 0.0) == 0


def test_what_can_be_dragged_follows_the_plan(session: Session) -> None:
    def draggable(plan: Plan) -> tuple[bool, bool]:
        session.plan = plan
        view = view_of(session, "conv2")
        return view.by_rank, view.by_threshold

    assert draggable(Plan()) == (True, False)
    assert draggable(Plan().lock("conv2")) == (False, False)
    assert draggable(Plan(granularity="weight")) == (True, True)
    assert draggable(Plan(granularity="weight", criterion="random")) == (True, False)
    assert draggable(Plan(granularity="n:m", pattern="1:2")) == (False, False)
    session.plan = Plan()
    classifier = view_of(session, "classifier")
    assert not classifier.by_rank


@pytest.fixture
def workbench(digits: Session) -> Iterator[Workbench]:
    workbench = Workbench(digits)
    yield workbench
    workbench.close()


def test_a_message_of_the_page_sets_the_ratio_and_measures(
    digits: Session, workbench: Workbench
) -> None:
    workbench._table.selected = "head"
    workbench._dispatcher.mark("layer")
    slot = workbench._inspect.importance
    eventually(lambda: workbench._inspect._view is not None)
    eventually(lambda: workbench._inspect._view.unit == "head")  # type: ignore[union-attr]
    slot.root._handle_custom_msg({"type": "open", "view": "a"}, [])
    eventually(lambda: slot.root._document is not None)
    area = slot.chart.handle.area
    for right in (10.2, 31.8):
        moved = {"type": "moved", "model": area.id, "attr": "right", "new": right}
        slot.root._handle_custom_msg(moved, [])
    eventually(lambda: digits.plan.ratio_of("head") == 0.25)
    eventually(lambda: workbench._table.units["head"]["ratio"] == 0.25)
    eventually(lambda: digits.previewed is not None)
    eventually(lambda: area.right == 32)  # still, it takes its place
