"""Full disks, directories that cannot be written, torn lines, clocks that jump."""

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toys import toy_data, toy_net
from watching import State, heard

from workbench import Plan, Session
from workbench.errors import StoreError
from workbench.events import NotSaved
from workbench.session import history
from workbench.store import files

Reopen = Callable[..., Session]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "session"


@pytest.fixture
def session(home: Path, no_runtimes: None) -> Iterator[Session]:
    with Session(toy_net(), toy_data(), directory=home) as session:
        assert session.baseline.accuracy is not None
        session.plan = Plan(granularity="weight", ratio=0.5)
        session.prune()
        yield session


@contextlib.contextmanager
def full_at(call: int) -> Iterator[list[int]]:
    """The disk is full when the given file is to be written, counted from 1, and afterwards."""
    calls = [0]
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield calls


def valid(home: Path, steps: int) -> bool:
    """Whether the directory opens, holds so many good steps, and nothing unfinished."""
    with Session(toy_net(), toy_data(), directory=home) as again:
        models = [again.history.model_of(step.id) for step in again.history]
        good = len(models) == steps and not again.history.damaged
    return good and not list(home.rglob(f"{files.UNFINISHED}*"))


@pytest.mark.parametrize("call", [1, 2, 3, 4, 5])
def test_a_disk_that_gets_full_while_a_step_is_written_changes_nothing(
    session: Session, home: Path, call: int
) -> None:
    """One call for each of a step's five files."""
    before = State(session)
    with full_at(call), pytest.raises(StoreError, match=r"step 2 cannot be written.*No space left"):
        session.prune()
    assert before.holds(session)
    assert not list(home.rglob(f"{files.UNFINISHED}*"))
    assert session.prune().id == 2
    session.close()
    assert valid(home, steps=3)


def test_what_a_killed_writer_left_is_no_step_and_is_removed(
    session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The killed one had no time to clean up."""
    with monkeypatch.context() as patch, full_at(3), pytest.raises(StoreError):
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        session.prune()
    assert len(list(home.rglob(f"{files.UNFINISHED}*"))) == 1
    session.close()
    assert valid(home, steps=2)


def test_a_step_without_room_is_refused_with_both_sizes(
    session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = State(session)
    usage = shutil.disk_usage(home)._replace(free=4 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(
        StoreError, match=r"step 2 needs 4,[\d,]+ bytes free on .*, got 4,194,304\. Free some"
    ):
        session.prune()
    assert before.holds(session)


def test_a_plan_that_cannot_be_written_is_said_and_tried_again(
    session: Session, home: Path
) -> None:
    events = heard(session)
    session._home.flush()
    with full_at(1):
        session.plan = Plan(ratio=0.25)
        session._home.flush()
    assert any(isinstance(event, NotSaved) and "No space" in event.message for event in events)
    session.plan = Plan(ratio=0.5)
    session.close()
    with Session(toy_net(), toy_data(), directory=home) as again:
        assert again.plan == Plan(ratio=0.5)


def test_a_copy_that_finds_no_room_leaves_nothing_behind(
    session: Session, home: Path, tmp_path: Path
) -> None:
    before = State(session)
    with full_at(7), pytest.raises(StoreError, match="No space left"):
        session.save(tmp_path / "copy")
    assert before.holds(session)
    assert [entry.name for entry in tmp_path.iterdir()] == ["session"]
    session.save(tmp_path / "copy")
    assert valid(tmp_path / "copy", steps=2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 8 MiB; only root can make one, and not everywhere."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    mount = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_is_really_full(
    small_disk: Path, no_runtimes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MARGIN_BYTES", -(2**40))  # or it would be refused beforehand
    with Session(toy_net(), toy_data(), directory=small_disk / "session") as session:
        assert session.baseline
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 8192))
        before = State(session)
        with pytest.raises(StoreError, match=r"step 1 cannot be written.*No space left"):
            session.prune()
        assert before.holds(session)
        ballast.unlink()
        assert session.prune().id == 1
    assert valid(small_disk / "session", steps=2)


@contextlib.contextmanager
def unwritable(directory: Path) -> Iterator[None]:
    """Permissions bind everybody but root, who needs a read-only file system."""
    if os.geteuid():
        directory.chmod(0o555)
        for entry in [directory, *directory.rglob("*")]:
            entry.chmod(0o555 if entry.is_dir() else 0o444)
        yield
        for entry in [directory, *directory.rglob("*")]:
            entry.chmod(0o755 if entry.is_dir() else 0o644)
        return
    for options in (["--bind"], ["-o", "remount,bind,ro"]):
        source = [str(directory)] if options == ["--bind"] else []
        command = ["mount", *options, *source, str(directory)]
        mount = subprocess.run(command, capture_output=True, text=True, check=False)
        if mount.returncode:
            pytest.skip(f"no directory can be made read-only here: {mount.stderr.strip()}")
    yield
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_a_directory_that_cannot_be_written_opens_for_reading_and_says_why(
    session: Session, home: Path
) -> None:
    session.close()
    with unwritable(home), Session(toy_net(), toy_data(), directory=home) as again:
        assert again.read_only.startswith("it cannot be written (")
        assert len(again.history) == 2 and again.plan == session.plan
        with pytest.raises(StoreError, match="open for reading only: it cannot be written"):
            again.prune()
        again.undo()
    assert valid(home, steps=2)


def test_a_new_session_in_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    with (
        unwritable(parent),
        pytest.raises(StoreError, match=r"a session cannot be made in .*new: "),
    ):
        Session(toy_net(), toy_data(), directory=parent / "new")


def test_a_torn_last_line_of_the_journal_is_left_out_with_a_note(
    session: Session, home: Path
) -> None:
    session.close()
    journal = home / "journal.jsonl"
    whole = journal.read_bytes()
    lines = len(whole.splitlines())
    assert lines >= 3
    journal.write_bytes(whole[:-7])
    with Session(toy_net(), toy_data(), directory=home) as again:
        note = "A line of the journal was cut short or damaged and is left out."
        assert note in again.notes
        assert len(again._home.journal_lines()) == lines - 1
        again.prune()
        found = again._home.journal_lines()
    assert [line["action"] for line in found[-1:]] == ["prune"]
    assert len(found) == lines


def test_everything_a_user_did_is_in_the_journal(session: Session, home: Path) -> None:
    session.undo()
    session.redo()
    session.targets = {"accuracy": 0.5}
    found = [(line["action"], line["step"]) for line in session._home.journal_lines()]
    assert found[0] == ("open", 0)
    assert found[-4:] == [("prune", 1), ("undo", 0), ("redo", 1), ("set_targets", 1)]


def test_a_clock_that_jumps_back_does_not_matter(
    session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(["2031-01-01T00:00:00+00:00", "1999-01-01T00:00:00+00:00"])
    monkeypatch.setattr(history, "now", lambda: next(times))
    session.finetune(1)
    session.prune()
    session.undo()
    session.close()
    for path in home.rglob("*"):
        os.utime(path, (0, 0) if "3" in path.parts else (2**31, 2**31))
    with Session(toy_net(), toy_data(), directory=home) as again:
        assert [step.id for step in again.history] == [0, 1, 2, 3]
        assert [step.created[:4] for step in again.history][2:] == ["2031", "1999"]
        assert (again.history.current.id, again.history.undone) == (2, (3,))
        assert [run.number for run in again.training.runs] == [1]
