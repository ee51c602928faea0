"""The suggest panel without a page: what it offers, asks for and says."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from widgets.panels.suggest import NOT_LEARNED, SuggestActions, SuggestPanel
from widgets.panels.suggest_goal import Request
from widgets.trade_off_view import MOST_STOPS, in_words, marks, nearest, off_curve, stops
from workbench import Plan, Session
from workbench.allocation.suggestion import TradeOffPoint, plan_at
from workbench.errors import PlanError
from workbench.events import TaskEnded


class Done:
    """What a panel asked for; changes of the plan are carried out at once."""

    def __init__(self, session: Session) -> None:
        self.requests: list[Request] = []
        self.compared: list[str] = []
        self.scans = self.measured = 0

        def change(function: Callable[[Plan], Plan]) -> None:
            session.plan = function(session.plan)
            self.panel.update()

        def scan() -> None:
            self.scans += 1

        def measure() -> None:
            self.measured += 1

        def redraw() -> None:
            self.panel.update()

        actions = SuggestActions(
            self.requests.append,
            self.compared.append,
            scan,
            change,
            measure,
            redraw,
        )
        self.panel = SuggestPanel(session, actions)
        self.panel.update()


@pytest.fixture
def done(session: Session) -> Iterator[Done]:
    yield Done(session)


@pytest.fixture
def scanned(session: Session, done: Done) -> Session:
    session.scan_sensitivity(ratios=(0.25, 0.5, 0.75))
    session.submit_comparison("macs").result()
    done.panel.update()
    return session


def test_before_a_scan_only_what_needs_none_is_offered(session: Session, done: Done) -> None:
    rules = done.panel._rules
    assert [name for name, button in rules.items() if not button.disabled] == ["global", "uniform"]
    assert "Not now: it needs measured sensitivity; press Scan." in rules["best"].tooltip
    assert rules["uniform"].value and not rules["best"].value
    assert done.panel._unmeasured_row.layout.display != "none"
    done.panel._scan.click()
    assert done.scans == 1
    done.panel._suggest.click()
    assert done.requests == [Request("uniform", None, {"macs": 0.5})]


def test_it_says_what_can_be_reached_before_anything_is_pressed(
    session: Session, done: Done
) -> None:
    session.plan = session.plan.with_(max_ratio=0.5)
    done.panel.update()
    least = 100 * session.reachable()["macs"]
    assert f"MACs can go down to {least:.1f} % of the dense model" in done.panel._least.value
    done.panel._goal.metric.value = "parameters"
    least = 100 * session.reachable()["parameters"]
    assert f"parameters can go down to {least:.1f} %" in done.panel._least.value


def test_after_a_scan_the_best_trade_is_chosen(scanned: Session, done: Done) -> None:
    assert done.panel.allocator == "best" and done.panel._rules["best"].value
    assert done.panel._unmeasured_row.layout.display == "none"
    done.panel._rules["greedy"].value = True
    assert done.panel.allocator == "greedy" and not done.panel._rules["best"].value


def test_an_accuracy_to_stay_above_is_asked_for_with_what_is_to_be_small(
    scanned: Session, done: Done
) -> None:
    done.panel._goal.goal.value = "accuracy"
    done.panel._goal.percent.value = 40
    done.panel._goal.metric.value = "parameters"
    done.panel._suggest.click()
    assert done.requests == [Request("best", 0.4, {"parameters": 1.0})]
    done.panel._goal.goal.value = "budget"
    assert done.panel._goal.percent.value == 50  # each goal has its own


def test_an_accuracy_cannot_be_aimed_at_before_a_scan(session: Session, done: Done) -> None:
    done.panel._goal.goal.value = "accuracy"
    assert done.panel._suggest.disabled and "press Scan" in done.panel._suggest.tooltip


def test_the_master_slider_moves_the_plan_along_the_curve(scanned: Session, done: Done) -> None:
    slider = done.panel._slider
    points = stops(scanned.known_trade_offs("macs")["best"], "macs")
    assert slider.labels == [in_words(point, "macs") for point in points]
    last = len(points) - 1
    message = {"type": "move", "position": last, "version": slider.version, "stamp": 5}
    slider._handle_custom_msg(message, [])
    assert dict(scanned.plan.ratios) == points[last].ratios
    assert (slider.position, slider.stamp, slider.note, done.measured) == (last, 5, "", 0)
    slider._handle_custom_msg({**message, "type": "release", "stamp": 6}, [])
    assert done.measured == 1


def test_a_plan_beside_the_curve_is_said_to_be_so(scanned: Session, done: Done) -> None:
    scanned.plan = scanned.plan.with_ratio("conv2", 0.95)
    done.panel.update()
    assert done.panel._slider.note.startswith("The plan lies beside this curve: keeps ")


def test_locking_a_layer_leaves_it_out_of_the_slider(scanned: Session, done: Done) -> None:
    scanned.plan = Plan().with_ratio("conv1", 0.5).lock("conv1")
    scanned.submit_comparison("macs").result()
    done.panel.update()
    slider = done.panel._slider
    last = {"type": "move", "position": len(slider.labels) - 1, "version": slider.version}
    slider._handle_custom_msg({**last, "stamp": 1}, [])
    assert scanned.plan.ratios["conv1"] == 0.5 and scanned.plan.ratio_of("conv1") == 0
    assert scanned.plan.ratio_of("conv2") > 0


def test_latency_is_offered_once_it_was_learned(session: Session, done: Done) -> None:
    panel = done.panel
    panel._goal.metric.value = "latency"
    assert NOT_LEARNED in panel._suggest.tooltip and panel._suggest.disabled
    assert NOT_LEARNED in panel._slider.disabled_reason
    panel.compare_if_needed()
    assert done.compared == []
    session._timing._settled = lambda kept: sum(kept.values()) / 14  # type: ignore[assignment]
    panel.update()
    assert not panel._suggest.disabled
    assert "latency can go down to" in panel._least.value
    panel.compare_if_needed()
    assert done.compared == ["latency"]
    panel._suggest.click()
    assert done.requests == [Request("uniform", None, {"latency": 0.5})]


def test_error_bars_are_drawn_once_accuracy_was_learned(scanned: Session, done: Done) -> None:
    assert "±" not in "".join(done.panel._slider.labels)
    scanned.learn_accuracy()
    scanned.submit_comparison("macs").result()
    done.panel.update()
    scanned.plan = Plan(ratio=0.5)
    (plan,) = (m for m in marks(scanned, "macs", None) if m["what"] == "plan")
    assert plan["bar"] is not None and plan["bar"][0] <= plan["bar"][1]
    scanned.preview()
    (plan,) = (m for m in marks(scanned, "macs", None) if m["what"] == "plan")
    assert plan["bar"] is None


def test_a_failure_is_told_in_the_engines_words_and_taken_back(
    scanned: Session, done: Done
) -> None:
    panel = done.panel
    error = PlanError("budget <b> must be more")
    panel.note(TaskEnded(1, "suggest", "looking for a plan", "failed", error))
    assert "budget &lt;b&gt; must be more" in panel._outcome.value
    assert "pw-failed" in panel._outcome._dom_classes
    panel._suggest.click()
    assert panel._outcome.value == "" and "pw-failed" not in panel._outcome._dom_classes


def test_trade_offs_are_asked_for_once(session: Session, done: Done) -> None:
    done.panel.compare_if_needed()
    assert done.compared == ["macs"]
    done.panel.note(TaskEnded(1, "compare", "working out trade-offs", "cancelled"))
    done.panel.compare_if_needed()
    assert done.compared == ["macs"]  # cancelled: not asked for again by itself
    session.plan = session.plan.with_(round_to=2)
    done.panel.compare_if_needed()
    assert done.compared == ["macs", "macs"]
    session.submit_comparison("macs").result()
    done.panel.compare_if_needed()
    assert len(done.compared) == 2


def test_a_suggestion_is_told_until_the_plan_is_another(scanned: Session, done: Done) -> None:
    found = scanned.suggestion(macs=0.5)
    scanned.plan = plan_at(scanned.plan, found.point)
    done.panel.adopt(found)
    done.panel.update()
    assert "Suggested: keeps" in done.panel._outcome.value
    scanned.plan = scanned.plan.with_ratio("conv1", 0.1)
    done.panel.update()
    assert done.panel._outcome.value == ""


def test_plans_for_single_weights_have_no_suggestions(session: Session, done: Done) -> None:
    session.plan = Plan(granularity="weight")
    done.panel.update()
    done.panel.compare_if_needed()
    assert done.compared == []
    for control in (done.panel._suggest, done.panel._goal.goal, *done.panel._rules.values()):
        assert control.disabled and "suggested for channels" in control.tooltip
    assert "suggested for channels" in done.panel._slider.disabled_reason


def test_marks_tell_predictions_from_measurements(scanned: Session) -> None:
    scanned.plan = Plan(ratio=0.5)
    point = scanned.known_trade_offs("macs")["best"][1]
    found = {mark["what"]: mark for mark in marks(scanned, "macs", point)}
    assert [mark["measured"] for mark in found.values()] == [True, False, False]
    assert found["dense model"]["share"] == 1 and 0 < found["plan"]["share"] < 1
    accuracy = scanned.preview().accuracy
    found = {mark["what"]: mark for mark in marks(scanned, "macs", point)}
    assert (found["plan"]["accuracy"], found["plan"]["measured"]) == (accuracy, True)


def point(share: float) -> TradeOffPoint:
    return TradeOffPoint({"conv": 1 - share}, {"macs": share}, share)


def test_stops_are_evenly_spread_and_hold_both_ends() -> None:
    many = [point(1 - number**2 / 1e6) for number in range(1000)]
    found = stops(many, "macs")
    assert len(found) <= MOST_STOPS + 2
    assert (found[0], found[-1]) == (many[0], many[-1])
    gaps = [a.shares["macs"] - b.shares["macs"] for a, b in pairwise(found)]
    assert max(gaps) < 0.01


def test_a_plan_is_found_by_its_ratios_and_else_by_its_cost() -> None:
    points = [point(1.0), point(0.6), point(0.5)]
    assert nearest(points, point(0.6), "macs") == 1
    other = TradeOffPoint({"conv": 0.1}, {"macs": 0.52}, 0.5)
    assert nearest(points, other, "macs") == 2
    assert off_curve(points, point(0.5), "macs") == ""
    assert off_curve(points, other, "macs") != ""
