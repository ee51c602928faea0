"""The plan panel and its pattern choice, without a page."""

from collections.abc import Callable

import numpy as np
import pytest

from widgets.panels.inspect import unit_view
from widgets.panels.pattern import with_pattern
from widgets.panels.plan import PlanPanel
from widgets.table_rows import table_rows, unit_states
from workbench import Plan, Session
from workbench.criteria import CRITERIA
from workbench.errors import PlanError


@pytest.fixture
def panel(digits: Session) -> PlanPanel:
    """A panel on the digits network whose changes are carried out at once."""

    def change(function: Callable[[Plan], Plan]) -> None:
        digits.plan = function(digits.plan)
        panel.update()

    panel = PlanPanel(digits, change, lambda: None, lambda: None, lambda: None)
    return panel


def shown(widget: object) -> bool:
    return widget.layout.display != "none"  # type: ignore[attr-defined]


def test_choosing_a_pattern_brings_its_choice_and_switches_for_all(
    digits: Session, panel: PlanPanel
) -> None:
    assert shown(panel._ratio) and not shown(panel._pattern.root) and not shown(panel._switches)
    panel._granularity.value = "n:m"
    assert (digits.plan.granularity, digits.plan.pattern) == ("n:m", "2:4")
    assert shown(panel._pattern.root) and shown(panel._switches) and not shown(panel._ratio)
    panel._pattern._list.value = "1:4"
    assert digits.plan.pattern == "1:4"


def test_all_on_and_all_off_leave_locked_layers_alone(digits: Session, panel: PlanPanel) -> None:
    digits.plan = Plan(granularity="n:m").with_ratios({"head": 0.5, "classifier": 0.5})
    digits.plan = digits.plan.lock("head")
    panel._all_on.click()
    assert (digits.plan.ratio, dict(digits.plan.ratios)) == (0.5, {"head": 0.5})
    panel._all_off.click()
    assert (digits.plan.ratio, dict(digits.plan.ratios)) == (0, {"head": 0.5})


def test_a_pattern_that_is_not_listed_can_be_typed(digits: Session, panel: PlanPanel) -> None:
    panel._granularity.value = "n:m"
    assert not shown(panel._pattern._typed)
    panel._pattern._list.value = "other…"
    assert shown(panel._pattern._typed)
    panel._pattern._typed.value = "3:8"
    assert digits.plan.pattern == "3:8"
    with pytest.raises(PlanError, match="got '8:3'"):
        panel._pattern._typed.value = "8:3"
    digits.plan = digits.plan.with_(pattern="5:16")
    panel.update()
    assert (panel._pattern._list.value, panel._pattern._typed.value) == ("other…", "5:16")


def test_another_pattern_keeps_what_is_on_where_it_fits(digits: Session) -> None:
    plan = Plan(granularity="n:m", ratio=0.5, ratios={"head": 0.5, "classifier": 0})
    found = with_pattern(digits, plan, "1:4")
    assert (found.pattern, found.ratio) == ("1:4", 0.75)
    assert dict(found.ratios) == {"head": 0.75, "classifier": 0}
    plan = Plan(granularity="n:m", ratios={"head": 0.5, "block2.conv1": 0.5})
    assert dict(with_pattern(digits, plan, "1:64").ratios) == {"head": 1 - 1 / 64}


def test_what_has_no_effect_is_off_and_says_why(digits: Session, panel: PlanPanel) -> None:
    assert not any(c.disabled for c in (panel._scope, panel._round_to, panel._cap))
    panel._granularity.value = "n:m"
    reasons = {
        panel._scope: "every layer that is on loses the same share",
        panel._round_to: "steps are for channels",
        panel._cap: "2:4 removes 50 % of a layer, or nothing",
    }
    for control, reason in reasons.items():
        assert control.disabled and reason in control.tooltip
    digits.plan = digits.plan.with_(max_ratio=0.4)
    panel.update()
    assert not panel._cap.disabled
    assert panel._hints.hints["pw-cap"] == panel._cap.tooltip


def test_a_cap_is_typed_in_percent(digits: Session, panel: PlanPanel) -> None:
    panel._cap.value = 80
    assert digits.plan.max_ratio == 0.8
    digits.plan = digits.plan.with_(max_ratio=0.29)
    panel.update()
    assert (panel._cap.value, digits.plan.max_ratio) == (29, 0.29)


def drag_all(panel: PlanPanel, ratio: float) -> None:
    panel._ratio._handle_custom_msg({"type": "move", "ratio": ratio, "stamp": 1}, [])


def test_one_ratio_for_all_leaves_pinned_layers_alone_under_global_scope(
    digits: Session, panel: PlanPanel
) -> None:
    digits.plan = Plan(ratio=0.1).with_ratio("head", 0.5)
    drag_all(panel, 0.3)
    assert (digits.plan.ratio, dict(digits.plan.ratios)) == (0.3, {})
    digits.plan = Plan(ratio=0.1, scope="global").with_ratio("head", 0.5)
    drag_all(panel, 0.4)
    assert (digits.plan.ratio, dict(digits.plan.ratios)) == (0.4, {"head": 0.5})


def test_only_criteria_that_can_rank_the_granularity_are_offered(
    digits: Session, panel: PlanPanel
) -> None:
    for granularity in ("channel", "weight", "n:m"):
        panel._granularity.value = granularity
        for _, name in panel._criterion.options:
            assert granularity in CRITERIA[name].granularities
    panel._granularity.value = "channel"
    panel._criterion.value = "fpgm"
    panel._granularity.value = "weight"
    assert (digits.plan.criterion, panel._criterion.value) == ("l1", "l1")


def test_drawing_a_plan_changes_nothing(digits: Session, panel: PlanPanel) -> None:
    plan = Plan(criterion="l2", scope="global", ratio=0.25, max_ratio=0.9, round_to=5)
    digits.plan = plan.with_ratio("head", 0.5)
    panel.update()
    assert digits.plan == plan.with_ratio("head", 0.5)
    assert (panel._round_to.value, panel._criterion.value) == (5, "l2")


def test_under_a_pattern_rows_have_switches_and_reasons(digits: Session) -> None:
    digits.plan = Plan(granularity="n:m", pattern="1:4").with_ratio("head", 0.5)
    rows = {row["unit"]: row for row in table_rows(digits)}
    assert (rows["head"]["pattern"], rows["head"]["on_ratio"]) == ("1:4", 0.75)
    assert rows["head"]["size_label"] == "8192 weights"
    assert "no multiple of 4" in rows["stem"]["reason"]
    states = unit_states(digits)
    assert "stem" not in states
    head, classifier = states["head"], states["classifier"]
    assert (head["ratio"], head["achieved"], head["outcome"]) == (0.75, 0, 0.75)
    assert head["note"] == "on or off: 1:4 removes 75 %"
    assert (classifier["ratio"], classifier["outcome"], classifier["note"]) == (0, None, "")


def test_a_pattern_that_was_carried_out_shows_as_on_for_good(digits: Session) -> None:
    digits.plan = Plan(granularity="n:m").with_ratio("head", 0.5)
    digits.prune()
    digits.plan = digits.plan.with_ratio("head", 0)
    states = unit_states(digits)
    assert (states["head"]["ratio"], states["head"]["achieved"]) == (0, 0.5)
    assert states["classifier"]["achieved"] == 0


def test_layers_that_lost_their_whole_blocks_have_a_reason_for_a_switch(digits: Session) -> None:
    digits.plan = Plan(ratios={"head": 0.3})
    digits.prune()
    digits.plan = Plan(granularity="n:m")
    rows = {row["unit"]: row for row in table_rows(digits)}
    assert rows["classifier"]["reason"] == "the inputs that earlier steps left are no multiple of 4"
    assert "classifier" not in unit_states(digits)


def test_the_layer_panel_shows_what_each_block_keeps(digits: Session) -> None:
    digits.plan = Plan(granularity="n:m", ratio=0.5)
    view = unit_view(digits, next(unit for unit in digits.units if unit.name == "classifier"))
    blocks = np.array(view.kept).reshape(-1, 4)
    assert (blocks.sum(axis=1) == 2).all()
    assert (view.noun, view.threshold) == ("weights", None)


def test_states_say_what_a_global_plan_leads_to(digits: Session) -> None:
    digits.plan = Plan(scope="global", ratio=0.5, max_ratio=0.6)
    states = unit_states(digits)
    assert all(state["outcome"] <= 0.6 for state in states.values() if state["note"])
    assert {state["ratio"] for state in states.values()} == {0.5}
    assert any("ranked together" in state["note"] for state in states.values())


def test_what_zeros_save_is_said_where_weights_are_set_to_zero(session: Session) -> None:
    panel = PlanPanel(session, lambda change: None, *3 * (lambda: None,))
    assert panel._zeros.layout.display == "none"
    session.plan = session.plan.with_(granularity="weight")
    panel.update()
    assert panel._zeros.layout.display is None
    assert "save neither time nor memory" in panel._zeros.value
    assert "sparse tensor cores" not in panel._zeros.value
    session.plan = session.plan.with_(granularity="n:m")
    panel.update()
    assert "sparse tensor cores of NVIDIA GPUs take 2:4" in panel._zeros.value
