"""Pruning in rounds and lottery tickets that were stopped go on with all that was left of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from workbench import Plan, Session
from workbench.actions import Finetune, Prune, Rewind
from workbench.errors import DamagedError, StoreError, TrainingError
from workbench.events import ActionTaken, EpochTrained, Event, TrainingStarted
from workbench.progress import Cancelled
from workbench.session.training_runs import Interrupted, TrainingRuns
from workbench.store.checked import checked_body, checked_text
from workbench.store.steps import StepFiles
from workbench.training import FinetuneSettings

Reopen = Callable[..., Session]
PLAN = Plan(granularity="weight", ratio=0.75)
SETTINGS = {"epochs": 2, "batch_size": 16, "seed": 3}
TRAIN = Finetune(FinetuneSettings(epochs=2, batch_size=16, seed=3))
ROUND = ["prune", "finetune"]


def in_rounds(session: Session) -> None:
    session.plan = PLAN
    session.prune_iteratively(rounds=3, **SETTINGS)


def ticket(session: Session) -> None:
    session.plan = PLAN
    session.find_ticket(rounds=2, **SETTINGS)


def stop(session: Session, work: Callable[[Session], None], *, at: Callable[[Event], bool]) -> None:
    """Do the work, and cancel at the first event that is the one."""

    def listen(event: Event) -> None:
        if at(event):
            unsubscribe()
            session.cancel()

    unsubscribe = session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        work(session)


def nth(number: int, kind: type[Event]) -> Callable[[Event], bool]:
    """Whether this is the n-th event of a kind, counted from 1."""
    seen: list[Event] = []

    def found(event: Event) -> bool:
        seen.extend([event] if isinstance(event, kind) else [])
        return isinstance(event, kind) and len(seen) == number

    return found


def kinds(session: Session) -> list[str]:
    return [step.kind for step in session.history.path()]


def prunings(session: Session) -> tuple[Plan | None, ...]:
    return tuple(step.plan for step in session.history.path() if step.kind == "prune")


class Outcome:
    """The way to a session's last step, and its weights."""

    def __init__(self, session: Session) -> None:
        self.actions = [step.action for step in session.history.path()]
        self.weights = {name: t.clone() for name, t in session.model.state_dict().items()}

    def is_that_of(self, session: Session) -> bool:
        found = Outcome(session)
        same = all(torch.equal(self.weights[name], found.weights[name]) for name in found.weights)
        return found.actions == self.actions and same


@pytest.mark.parametrize("epoch", [1, 3, 4])
@pytest.mark.parametrize("reopened", [False, True])
def test_rounds_that_were_stopped_while_training_go_on_bit_for_bit(
    session: Session, kept: Reopen, epoch: int, reopened: bool
) -> None:
    in_rounds(session)
    expected = Outcome(session)
    stopped = kept()
    stop(stopped, in_rounds, at=nth(epoch, EpochTrained))
    if reopened:
        stopped = kept()
    found = stopped.interrupted
    assert found is not None and (found.action, found.committed) == (TRAIN, False)
    assert found.epoch == (epoch - 1) % 2 + 1
    last = stopped.resume()
    assert expected.is_that_of(stopped)
    assert (last, len(stopped.history)) == (stopped.history.current, 7)
    assert [run.outcome for run in stopped.training.runs] == ["done"] * 3  # none began again
    assert stopped.interrupted is None and kept().interrupted is None


def test_what_is_left_is_said(kept: Reopen) -> None:
    session = kept()
    stop(session, in_rounds, at=nth(3, EpochTrained))
    found = session.interrupted
    assert found is not None and (found.epoch, found.step_id) == (1, 3)
    assert found.then == (Prune(PLAN), TRAIN)
    assert found.left == (TRAIN, *found.then)
    assert kept().interrupted == found


def test_a_ticket_goes_on_to_the_weights_of_its_own_beginning(
    session: Session, kept: Reopen
) -> None:
    ticket(session)
    expected = Outcome(session)
    stop(kept(), ticket, at=nth(1, EpochTrained))
    again = kept()
    assert again.interrupted is not None
    assert [type(action) for action in again.interrupted.then] == [
        *(Prune, Rewind, Finetune, Prune, Rewind, Finetune)
    ]
    again.resume()
    assert expected.is_that_of(again)


def stop_in_second_pruning(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    write = StepFiles.write
    with monkeypatch.context() as patch:

        def full(self: StepFiles, number: int, *rest: object) -> None:
            if number == 3:
                raise StoreError("step 3 cannot be written: No space left on device.")
            write(self, number, *rest)

        patch.setattr(StepFiles, "write", full)
        with pytest.raises(StoreError, match="step 3 cannot be written"):
            in_rounds(session)


@pytest.mark.parametrize("reopened", [False, True])
def test_rounds_that_were_stopped_between_two_trainings_go_on(
    session: Session, kept: Reopen, monkeypatch: pytest.MonkeyPatch, reopened: bool
) -> None:
    in_rounds(session)
    expected = Outcome(session)
    stopped = kept()
    stop_in_second_pruning(stopped, monkeypatch)
    assert kinds(stopped) == ["open", *ROUND]
    if reopened:
        stopped = kept()
    plans = [Prune(step.plan) for step in session.history if step.kind == "prune" and step.plan]
    left = (plans[1], TRAIN, plans[2], TRAIN)
    assert stopped.interrupted == Interrupted(TRAIN, 0, 2, left, committed=True)
    assert stopped.interrupted.left == left
    assert stopped.training.runs[-1].outcome == "done"
    stopped.resume()
    assert expected.is_that_of(stopped)


def test_a_part_that_is_a_step_already_is_not_done_again(session: Session, kept: Reopen) -> None:
    """Cancelled while latency of the second pruning is measured, after its commit."""
    in_rounds(session)
    expected = Outcome(session)

    def second_pruning(event: Event) -> bool:
        return isinstance(event, ActionTaken) and event.step_id == 3

    stop(kept(), in_rounds, at=second_pruning)
    again = kept()
    assert again.interrupted is not None
    assert (again.interrupted.step_id, len(again.interrupted.left)) == (3, 3)
    again.resume()
    assert expected.is_that_of(again) and len(again.history) == 7


def test_a_series_whose_kernel_was_killed_between_two_trainings_goes_on(
    session: Session, kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody told the next kernel how it ended, nor that the first training was over."""
    in_rounds(session)
    expected = Outcome(session)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRuns, "_end", lambda self, begun: None)
        patch.setattr(TrainingRuns, "_leave", lambda self, *, diverged: None)
        stop_in_second_pruning(kept(), monkeypatch)
    again = kept()
    assert again.interrupted is not None and again.interrupted.committed
    assert (again.interrupted.epoch, again.training.runs[-1].outcome) == (0, "done")
    again.resume()
    assert expected.is_that_of(again)


def test_a_series_can_be_stopped_again_and_again(session: Session, kept: Reopen) -> None:
    in_rounds(session)
    expected = Outcome(session)
    stop(kept(), in_rounds, at=nth(1, EpochTrained))
    for _ in range(2):
        stop(kept(), lambda session: session.resume(), at=nth(2, TrainingStarted))
    kept().resume()
    assert expected.is_that_of(kept())


def test_a_series_that_diverged_is_not_offered(kept: Reopen) -> None:
    session = kept()
    session.plan = PLAN
    with pytest.raises(TrainingError, match="diverged"):
        session.prune_iteratively(rounds=3, epochs=5, learning_rate=1e30)
    assert session.interrupted is None and kept().interrupted is None


def test_discarding_a_series_that_stopped_between_two_trainings(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    stop_in_second_pruning(session, monkeypatch)
    session.discard_interrupted()
    assert session.interrupted is None and kept().interrupted is None


def test_a_copy_goes_on_as_well(
    session: Session, kept: Reopen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = kept()
    stop_in_second_pruning(stopped, monkeypatch)
    stopped.save(tmp_path / "copy")
    with Session.open(tmp_path / "copy", session.model, session.dataset) as copy:
        assert copy.interrupted == stopped.interrupted


def test_a_series_goes_on_only_where_its_step_is_whole(kept: Reopen, home: Path) -> None:
    stop(kept(), in_rounds, at=nth(3, EpochTrained))
    kept().close()
    path = home / "steps" / "3" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    session = kept()
    with pytest.raises(DamagedError, match=r"step 3 cannot be opened: steps/3/model\.safetensors"):
        session.resume()
    assert session.interrupted is not None and session.history.current.id == 2


def test_a_record_that_names_what_is_no_part_of_a_series_loses_that_run_alone(
    kept: Reopen, home: Path
) -> None:
    stop(kept(), in_rounds, at=nth(3, EpochTrained))
    kept().close()
    path = home / "runs" / "2" / "run.json"
    about = checked_body(path.read_bytes(), "run.json")
    about["begun"]["then"] = [{"action": "undo"}]
    path.write_bytes(checked_text(about))
    session = kept()
    assert session.interrupted is None
    assert any("no series of steps has action 'undo'" in note for note in session.notes)
    assert [run.outcome for run in session.training.runs] == ["done", "lost"]
