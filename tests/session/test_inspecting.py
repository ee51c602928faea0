"""Looking at channels in a session: in the background, kept, and in step with the model."""

import contextlib

import pytest
from watching import State, heard

from workbench import Session
from workbench.channels.reaching import Reach
from workbench.errors import UnknownUnitError
from workbench.events import ChannelsInspected, TaskEnded, TaskProgress
from workbench.onnx_graph import CutError, OnnxGraph
from workbench.progress import Cancelled
from workbench.session.onnx_files import OnnxFiles


def test_looking_reports_progress_and_says_when_it_is_done(session: Session) -> None:
    events, before = heard(session), State(session)
    report = session.inspect_channels("conv2")
    assert (report.unit, report.layer, report.size) == ("conv2", "conv2", 6)
    assert session.channel_report("conv2") is report
    assert ChannelsInspected("conv2") in events
    assert any(isinstance(e, TaskProgress) and e.kind == "channels" for e in events)
    assert before.holds(session)


def test_a_report_is_kept_for_the_current_model(session: Session) -> None:
    report = session.inspect_channels("conv2")
    assert session.inspect_channels("conv2") is report
    session.plan = session.plan.remove("conv2", [5])
    assert session.channel_report("conv2") is report
    session.prune()
    assert session.channel_report("conv2") is None
    assert not session.inspect_channels("conv2").alive[5]
    session.undo()
    assert session.channel_report("conv2") is report


def test_new_evidence_adds_its_criterion_without_running_the_probe_set_again(
    session: Session,
) -> None:
    before = session.inspect_channels("conv2")
    assert not session.needs_inspection("conv2")
    session.plan = session.plan.with_(criterion="taylor")
    session.scores()
    assert session.needs_inspection("conv2")
    after = session.inspect_channels("conv2")
    assert "taylor" in after.importances.criteria
    assert after.responses is before.responses
    assert not session.needs_inspection("conv2")


def test_an_unknown_unit_is_refused_at_once(session: Session) -> None:
    with pytest.raises(UnknownUnitError, match="conv9"):
        session.submit_inspect_channels("conv9")


def test_units_of_channels_can_be_looked_at_under_any_granularity(session: Session) -> None:
    session.plan = session.plan.with_(granularity="weight")
    assert session.inspect_channels("conv1").size == 4


def test_looking_at_another_unit_drops_the_one_under_way(session: Session) -> None:
    first, second = (session.submit_inspect_channels(unit) for unit in ("conv1", "conv2"))
    assert second.result().unit == "conv2"
    with contextlib.suppress(Cancelled):
        first.result()
    assert first.done


def test_looking_goes_before_a_scan_under_way(session: Session) -> None:
    order: list[str] = []
    session.events.subscribe(lambda e: order.append(e.kind) if isinstance(e, TaskEnded) else None)
    looked = []

    def look_once(event: object) -> None:
        if isinstance(event, TaskProgress) and event.kind == "scan" and not looked:
            looked.append(session.submit_inspect_channels("conv1"))

    session.events.subscribe(look_once)
    session.scan_sensitivity()
    assert order == ["channels", "scan"]


def test_what_was_exported_anyway_answers_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def reach(graph: OnnxGraph, layer: str) -> Reach:
        reached.append(layer)
        return Reach(graph, layer)

    monkeypatch.setattr("workbench.channels.responses.Reach", reach)
    with Session("digits_cnn", "digits") as session:
        _ = session.baseline
        session.inspect_channels("block2.conv1")
        session.plan = session.plan.with_ratio("stem", 0.5)
        session.prune()
        session.inspect_channels("block2.conv1")
    assert reached == ["block2.conv1", "block2.conv1"]


def test_a_file_that_cannot_be_read_leaves_it_to_the_module(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CutError("not a file")

    monkeypatch.setattr(OnnxFiles, "graph", refuse)
    assert session.inspect_channels("conv2").responses is not None
