"""A session can be copied to another directory, from memory or from one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from toys import toy_data, toy_net
from watching import State

from workbench import Plan, Session
from workbench.errors import StoreError
from workbench.events import EpochTrained, TaskProgress
from workbench.progress import Cancelled
from workbench.store.steps import StepFiles

Reopen = Callable[..., Session]


def work_on(session: Session) -> None:
    """Two steps, one of them undone, a scan and targets."""
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(2)
    session.scan_sensitivity(ratios=(0.5,))
    session.rename(1, name="half")
    session.targets = {"macs": 5}
    session.undo()


def same(first: Session, second: Session) -> bool:
    """Whether two sessions hold the same."""
    models = [
        (one.history.model_of(step.id).module, two.history.model_of(step.id).module)
        for one, two in [(first, second)]
        for step in first.history
    ]
    return (
        tuple(first.history) == tuple(second.history)
        and first.history.current == second.history.current
        and first.history.undone == second.history.undone
        and (first.plan, first.targets) == (second.plan, second.targets)
        and first.training.runs == second.training.runs
        and first.sensitivity == second.sensitivity
        and [*first._home.journal_lines()] == [*second._home.journal_lines()]
        and all(
            torch.equal(tensor, other.state_dict()[name])
            for one, other in models
            for name, tensor in one.state_dict().items()
        )
    )


def test_a_session_in_memory_can_be_saved_and_opened(session: Session, tmp_path: Path) -> None:
    work_on(session)
    assert session.save(tmp_path / "copy") == tmp_path / "copy"
    assert session.directory is None
    with Session.open(tmp_path / "copy", toy_net(), toy_data()) as again:
        assert same(session, again)


def test_a_stored_session_can_be_copied(kept: Reopen, home: Path, tmp_path: Path) -> None:
    session = kept()
    work_on(session)
    session.save(tmp_path / "copy")
    assert session.directory == home
    with Session.open(tmp_path / "copy", toy_net(), toy_data()) as again:
        assert same(session, again)
        assert again.directory == tmp_path / "copy"
        again.prune()
    assert len(session.history) == 3


def test_a_read_only_session_goes_on_in_a_copy(kept: Reopen, home: Path, tmp_path: Path) -> None:
    first = kept()
    work_on(first)
    with Session(toy_net(), toy_data(), directory=home):
        assert first.read_only
        first.save(tmp_path / "copy")
    with Session.open(tmp_path / "copy", toy_net(), toy_data()) as again:
        assert again.read_only == "" and len(again.history) == 3


def test_an_interrupted_run_is_copied_too(session: Session, tmp_path: Path) -> None:
    unsubscribe = session.events.subscribe(
        lambda event: session.cancel() if isinstance(event, EpochTrained) else None
    )
    with pytest.raises(Cancelled):
        session.finetune(3)
    unsubscribe()
    session.save(tmp_path / "copy")
    with Session.open(tmp_path / "copy", toy_net(), toy_data()) as again:
        assert again.interrupted == session.interrupted is not None
        again.resume()
        session.resume()
        assert again.history.current.epochs == session.history.current.epochs


def test_what_is_there_is_never_overwritten(session: Session, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(StoreError, match=rf"to a new or empty directory, and .*{name} is not"):
            session.save(tmp_path / name)
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["file", "full", "thesis.tex"]
    (tmp_path / "empty").mkdir()
    session.save(tmp_path / "empty")
    assert (tmp_path / "empty" / "session.json").exists()


def test_cancelling_during_a_copy_leaves_nothing_behind(session: Session, tmp_path: Path) -> None:
    work_on(session)
    before = State(session)

    def listen(event: object) -> None:
        if isinstance(event, TaskProgress) and event.kind == "save":
            session.cancel()

    session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        session.save(tmp_path / "copy")
    assert before.holds(session)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_while_a_step_is_written_keeps_the_step_or_the_session(
    kept: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kept()
    session.plan = Plan(ratio=0.5)
    write = StepFiles.write

    def cancelled(self: StepFiles, *arguments: object) -> None:
        session.cancel()
        write(self, *arguments)

    monkeypatch.setattr(StepFiles, "write", cancelled)
    step = session.prune()
    assert session.history.current == step
    assert [entry.id for entry in kept().history] == [0, 1]
