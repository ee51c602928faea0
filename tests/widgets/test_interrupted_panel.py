"""The line about fine-tuning that can go on; buttons that are off in read-only sessions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from toys import toy_data, toy_net
from watching import eventually

from widgets import Workbench
from workbench import Session
from workbench.events import EpochTrained, Event, NotSaved, TrainingEnded
from workbench.progress import Cancelled
from workbench.training import FinetuneSettings


@pytest.fixture
def workbench(session: Session) -> Iterator[Workbench]:
    workbench = Workbench(session)
    yield workbench
    workbench.close()


def stop_after_two_epochs(session: Session) -> None:
    def listen(event: object) -> None:
        if isinstance(event, EpochTrained) and event.epoch == 2:
            session.cancel()

    unsubscribe = session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        session.submit_finetune(FinetuneSettings(epochs=4)).result()
    unsubscribe()


def test_a_cancelled_run_is_offered_with_how_far_it_came(
    session: Session, workbench: Workbench
) -> None:
    panel = workbench._interrupted
    assert panel.root.layout.display == "none"
    stop_after_two_epochs(session)
    eventually(lambda: panel.root.layout.display is None)
    assert panel._text.value == "Fine-tuning was interrupted at epoch 2 of 4"
    panel._resume.click()
    eventually(lambda: session.history.current.kind == "finetune" and not session.busy)
    eventually(lambda: panel.root.layout.display == "none")
    assert len(session.history.current.epochs) == 4


def test_discard_takes_the_line_away(session: Session, workbench: Workbench) -> None:
    stop_after_two_epochs(session)
    panel = workbench._interrupted
    eventually(lambda: panel.root.layout.display is None)
    panel._discard.click()
    eventually(lambda: panel.root.layout.display == "none")
    assert session.interrupted is None and len(session.history) == 1


def test_from_another_step_the_line_names_the_one_it_trains(
    session: Session, workbench: Workbench
) -> None:
    stop_after_two_epochs(session)
    session.prune()
    workbench._interrupted.update()
    assert workbench._interrupted._text.value == (
        "Fine-tuning of step 0 was interrupted at epoch 2 of 4"
    )


@pytest.mark.parametrize(
    ("stopping", "said"),
    [
        (EpochTrained, "Fine-tuning was interrupted at epoch 1 of 2, 2 more steps are to follow"),
        (TrainingEnded, "A series of steps was interrupted after step 2: 2 steps are left"),
    ],
)
def test_what_is_to_follow_in_the_same_series_is_said(
    session: Session, workbench: Workbench, stopping: type[Event], said: str
) -> None:
    session.plan = session.plan.with_(granularity="weight", ratio=0.5)
    session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, stopping) else None
    )
    with pytest.raises(Cancelled):
        session.prune_iteratively(2, rounds=2, batch_size=16)
    workbench._interrupted.update()
    assert workbench._interrupted._text.value == said


def test_where_nothing_may_be_stored_buttons_say_why(tmp_path: Path, no_runtimes: None) -> None:
    with Session(toy_net(), toy_data(), directory=tmp_path) as session:
        assert session.baseline
        session.plan = session.plan.with_ratios(0.5)
        stop_after_two_epochs(session)
        with Session(toy_net(), toy_data(), directory=tmp_path):
            workbench = Workbench(session)
            workbench._later.recovery.update()
            reason = "Not now: the session is read-only, it was opened again in this kernel"
            for button in (
                workbench._plan_panel._prune,
                workbench._later.recovery.panel._button,
                workbench._interrupted._resume,
                workbench._interrupted._discard,
            ):
                assert button.disabled and button.tooltip.startswith(reason)
            assert workbench._history.root.children[0].fixed_reason.startswith("the session is")
            assert not workbench._history.buttons.children[0].tooltip.startswith(reason)
            workbench.close()


def test_what_could_not_be_stored_is_said(session: Session, workbench: Workbench) -> None:
    session.events.emit(NotSaved("the plan cannot be written: No space left on device."))
    eventually(lambda: "No space left on device" in workbench._status._text.value)
    assert "pw-failed" in workbench._status._text._dom_classes
