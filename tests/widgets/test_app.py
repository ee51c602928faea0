"""The workbench without a page: what it shows of a session, and what intents do to it."""

import time
from collections.abc import Iterator

import pytest
import torch
from watching import eventually, heard

from widgets import Workbench
from widgets.panels.inspect import unit_view
from widgets.score_rows import planned_cells, score_rows
from widgets.table_rows import table_rows, unit_states
from widgets.theme import palette
from widgets.views import views_of
from workbench import Session
from workbench.events import ChannelsInspected, TaskEnded
from workbench.layers import WeightStatistics, weight_statistics
from workbench.session.knowledge import LEARNING


@pytest.fixture
def session() -> Iterator[Session]:
    with Session("digits_cnn", "digits") as session:
        _ = session.baseline
        yield session


@pytest.fixture
def workbench(session: Session) -> Iterator[Workbench]:
    workbench = Workbench(session)
    yield workbench
    workbench.close()


def board(session: Session) -> dict[str, dict[str, object]]:
    return {row["metric"]: dict(row) for row in score_rows(session)}


def test_the_score_board_shows_exact_predictions_while_nothing_is_measured(
    session: Session,
) -> None:
    session.plan = session.plan.with_ratio("head", 0.5)
    rows = board(session)
    assert rows["parameters"]["planned_kind"] == "exact"
    assert (rows["accuracy"]["planned"], rows["accuracy"]["planned_kind"]) == ("…", "")
    session.preview()
    rows = board(session)
    assert rows["accuracy"]["planned_kind"] == "measured"


def test_energy_is_shown_as_the_estimate_it_is_in_every_column(session: Session) -> None:
    session.plan = session.plan.with_ratio("head", 0.5)
    row = board(session)["energy_mj"]
    assert "estimate" in str(row["label"])
    assert all(str(row[column]).startswith("≈") for column in ("dense", "now", "planned"))
    assert row["planned_kind"] == "predicted"


def test_a_plan_that_changes_nothing_leaves_the_planned_column_empty(session: Session) -> None:
    assert {row["planned"] for row in score_rows(session)} == {""}


def test_scan_estimates_first_and_then_measures(session: Session, workbench: Workbench) -> None:
    events = heard(session)
    workbench._requests.scan()
    eventually(lambda: any(isinstance(e, TaskEnded) and e.kind == "scan" for e in events))
    kinds = [event.kind for event in events if isinstance(event, TaskEnded)]
    assert [kind for kind in kinds if kind in {"estimate", "scan"}] == ["estimate", "scan"]
    assert set(session.estimated_sensitivity) == set(session.sensitivity)


def test_an_estimate_is_shown_until_something_is_measured(
    session: Session, workbench: Workbench
) -> None:
    title = workbench._inspect.sensitivity.chart.root.title
    assert "not measured" in title.text
    session.estimate_sensitivity()
    eventually(lambda: title.text == "Sensitivity of stem: estimate (gradients)")
    session.scan_sensitivity(ratios=(0.5,), units=["stem"])
    eventually(lambda: title.text == "Sensitivity of stem")


def test_targets_are_judged_by_what_is_planned(session: Session) -> None:
    session.targets = {"size_bytes": 300_000, "accuracy": 0.97}
    assert board(session)["size_bytes"]["met"] is False
    session.plan = session.plan.with_ratios(0.5)
    rows = board(session)
    assert rows["size_bytes"]["met"] is True
    assert rows["size_bytes"]["target"] == 300


def test_rows_name_coupled_layers_and_reasons(session: Session) -> None:
    rows = {row["unit"]: row for row in table_rows(session)}
    assert rows["stem"]["layers"] == ["stem", "block1.conv2"]
    assert rows["classifier"]["reason"] == "these are the model outputs"
    assert "classifier" not in unit_states(session)
    assert sum(row["parameters_share"] for row in rows.values()) == pytest.approx(1, abs=0.05)


def test_a_unit_that_was_pruned_shows_what_is_gone(session: Session) -> None:
    session.plan = session.plan.with_ratio("head", 0.5)
    session.prune()
    assert unit_states(session)["head"]["achieved"] == 0.5


def test_the_histogram_shows_a_threshold_for_single_weights_only(session: Session) -> None:
    session.plan = session.plan.with_ratio("head", 0.5)
    head = next(unit for unit in session.units if unit.name == "head")
    view = unit_view(session, head)
    assert view.threshold is None
    assert (len(view.kept), sum(view.kept)) == (128, 64)
    session.plan = session.plan.with_(granularity="weight").with_ratio("head", 0.5)
    head = next(unit for unit in session.units if unit.name == "head")
    weight = session.model.head.weight.detach().abs().flatten().sort().values
    assert unit_view(session, head).threshold == pytest.approx(float(weight[len(weight) // 2]))


def test_figures_of_weights_are_worked_out_when_weights_change_and_not_at_every_move(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[torch.Tensor] = []

    def count(weight: torch.Tensor) -> WeightStatistics:
        counted.append(weight)
        return weight_statistics(weight)

    monkeypatch.setattr("widgets.panels.inspect.weight_statistics", count)
    head = next(unit for unit in session.units if unit.name == "head")
    for ratio in (0.25, 0.5):
        session.plan = session.plan.with_ratio("head", ratio)
        before = unit_view(session, head)
    assert len(counted) == 1
    with torch.no_grad():
        session.model.head.weight.zero_()
    assert before.summary != unit_view(session, head).summary
    assert "100.0 % zeros" in unit_view(session, head).summary


def test_a_drag_moves_the_plan_and_letting_go_measures_it(
    session: Session, workbench: Workbench
) -> None:
    table = workbench._table
    table._handle_custom_msg({"type": "drag", "ratios": {"head": 0.25}}, [])
    eventually(lambda: session.plan.ratio_of("head") == 0.25)
    table._handle_custom_msg({"type": "release", "ratios": {"head": 0.5}}, [])
    eventually(lambda: session.plan.ratio_of("head") == 0.5 and session.previewed is not None)


def test_what_the_selected_rows_slider_leads_to_is_known_in_advance(
    session: Session, workbench: Workbench
) -> None:
    first = workbench._table.selected
    eventually(lambda: workbench._board.outlook.get("unit") == first)
    workbench._table.selected = "block2.conv1"
    workbench._table_intent({"type": "select", "unit": "block2.conv1"})
    eventually(lambda: workbench._board.outlook.get("unit") == "block2.conv1")
    assert workbench._board.outlook["hand"] == workbench._table.hand
    session.plan = session.plan.with_ratio("block1.conv1", 0.5)
    prediction = session.predict(session.plan.with_ratio("block2.conv1", 0.5))
    expected = planned_cells(session, prediction)["macs"]

    def knows() -> bool:
        outlook = workbench._board.outlook
        return bool(outlook) and outlook["planned"][str(outlook["kept"][50])]["macs"] == expected

    eventually(knows)


def test_nothing_is_foreseen_while_sliders_rest(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(lambda: bool(workbench._board.outlook))
    monkeypatch.setattr("widgets.app.why_still", lambda _session: "a step is being made")
    workbench._dispatcher.mark("controls")
    eventually(lambda: not workbench._board.outlook)
    monkeypatch.undo()
    workbench._dispatcher.mark("controls")
    eventually(lambda: bool(workbench._board.outlook))


@pytest.mark.parametrize("known", [True, False])
def test_channels_are_looked_at_before_what_the_slider_leads_to(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    workbench._tabs.open("Channels")
    marked: list[str] = []
    monkeypatch.setattr(workbench._dispatcher, "mark", lambda *names: marked.extend(names))
    monkeypatch.setattr(workbench.session, "needs_inspection", lambda _unit: not known)
    workbench._show_selected()
    assert ("outlook" in marked) == known
    assert "outlook" in views_of(ChannelsInspected("block2.conv1"))


def test_what_can_be_learned_of_a_measured_model_is_learned_once_the_page_is_at_rest(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.app._SETTLED_S", 0.0)
    assert not session.answered
    workbench = Workbench(session)
    try:
        eventually(lambda: session.answered and session.latency_learned)
        eventually(lambda: not any(map(session.learning, LEARNING)))
        assert session.layer_times(0)
        assert session.history.current.metrics.peak_memory_bytes is not None
    finally:
        workbench.close()


def test_a_session_that_was_closed_is_shown_without_complaint(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.app._SETTLED_S", 0.0)
    session.close()
    workbench = Workbench(session)
    try:
        eventually(lambda: workbench._later.accuracy.made is not None)
        assert "pw-failed" not in workbench._status._text._dom_classes
    finally:
        workbench.close()


def test_setting_the_plan_in_code_moves_the_slider(session: Session, workbench: Workbench) -> None:
    session.plan = session.plan.with_ratio("head", 0.3).lock("stem")
    eventually(lambda: workbench._table.units["head"]["ratio"] == 0.3)
    eventually(lambda: workbench._table.units["stem"]["locked"])


def test_unpinning_a_row_lets_it_follow_the_plan_again(
    session: Session, workbench: Workbench
) -> None:
    session.plan = session.plan.with_(scope="global", ratio=0.4).with_ratio("head", 0.3)
    eventually(lambda: workbench._table.units["head"]["pinned"])
    workbench._table._handle_custom_msg({"type": "unpin", "unit": "head"}, [])
    eventually(lambda: session.plan.ratios == {})
    eventually(lambda: not workbench._table.units["head"]["pinned"])
    assert workbench._table.units["head"]["ratio"] == 0.4


def test_another_pattern_brings_other_switches(session: Session, workbench: Workbench) -> None:
    session.plan = session.plan.with_(granularity="n:m")
    eventually(lambda: {row["pattern"] for row in workbench._table.rows} == {"2:4"})
    assert "block2.conv1" in workbench._table.units
    session.plan = session.plan.with_(pattern="1:64")
    eventually(lambda: {row["pattern"] for row in workbench._table.rows} == {"1:64"})
    assert "block2.conv1" not in workbench._table.units


def test_a_refused_change_is_shown_and_taken_back(session: Session, workbench: Workbench) -> None:
    session.plan = session.plan.with_(granularity="n:m")
    typed = workbench._plan_panel._pattern._typed
    typed.value = "4:2"
    eventually(lambda: "got &#x27;4:2&#x27;" in workbench._status._text.value)
    eventually(lambda: typed.value == "2:4")


def test_another_granularity_brings_other_rows(session: Session, workbench: Workbench) -> None:
    session.plan = session.plan.with_(granularity="weight")
    eventually(lambda: "block2.shortcut.0" in {row["unit"] for row in workbench._table.rows})
    assert [row["unit"] for row in workbench._table.rows] == [unit.name for unit in session.units]
    assert workbench._table.selected in {unit.name for unit in session.units}


def test_an_error_is_shown_in_the_engines_own_words(session: Session, workbench: Workbench) -> None:
    workbench._requests.undo()
    eventually(lambda: "nothing to undo" in workbench._status._text.value)


def test_a_target_typed_on_the_board_is_the_sessions(
    session: Session, workbench: Workbench
) -> None:
    message = {"type": "target", "metric": "accuracy", "value": 97.0}
    workbench._board._handle_custom_msg(message, [])
    eventually(lambda: session.targets == {"accuracy": 0.97})
    workbench._board._handle_custom_msg({**message, "value": None}, [])
    eventually(lambda: session.targets == {})


def test_channels_can_be_kept_in_steps_that_suit_hardware(
    session: Session, workbench: Workbench
) -> None:
    panel = workbench._plan_panel
    panel._round_to.value = 16
    eventually(lambda: session.plan.round_to == 16)
    session.plan = session.plan.with_(round_to=5)
    eventually(lambda: panel._round_to.value == 5)
    session.plan = session.plan.with_(granularity="weight")
    eventually(lambda: panel._round_to.disabled)


def test_a_closed_workbench_no_longer_listens(session: Session) -> None:
    workbench = Workbench(session)
    workbench.close()
    before = dict(workbench._table.units["head"])
    session.plan = session.plan.with_ratio("head", 0.3)
    assert workbench._table.units["head"] == before


def test_a_chart_that_is_first_seen_on_a_dark_page_is_dark(workbench: Workbench) -> None:
    slot = workbench._inspect.importance
    workbench._theme.dark = True
    slot.root._handle_custom_msg({"type": "open", "view": "a"}, [])
    eventually(lambda: slot.root._document is not None)
    assert slot.chart._kept.glyph.fill_color == palette(dark=True).kept


def test_what_a_tab_holds_rests_while_another_one_is_open(workbench: Workbench) -> None:
    importance = workbench._inspect.importance
    importance.root._handle_custom_msg({"type": "open", "view": "here"}, [])
    eventually(lambda: importance._chart is not None)
    workbench._tabs.open("Accuracy")
    workbench.session.plan = workbench.session.plan.with_ratio("stem", 0.5)
    eventually(lambda: workbench._table.units["stem"]["ratio"] == 0.5)
    time.sleep(0.3)
    assert importance.chart._cut.location == 0
    workbench._table._handle_custom_msg({"type": "select", "unit": "stem"}, [])
    eventually(lambda: importance.chart._cut.location > 0)
    assert workbench._tabs.opened == "Layer"
