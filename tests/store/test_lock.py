"""One session writes to a directory; all others read."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toys import toy_data, toy_net
from watching import FOREVER, WAIT_S, at_first_batch

from workbench import Plan, Session
from workbench.errors import ReadOnlyError, StoreError
from workbench.store.lock import WriterLock

Reopen = Callable[..., Session]

HOLDER = """
import sys
from pathlib import Path
from workbench.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]), lambda: True)
print(repr(lock.acquire()), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holding(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the directory open for writing."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline().strip() == "''"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


@pytest.fixture
def other_kernel(kept: Reopen, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to a stored session with one step."""
    session = kept()
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.close()
    with holding(home) as holder:
        yield holder


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_a_second_kernel_opens_for_reading_and_says_so(
    kept: Reopen, other_kernel: subprocess.Popen[str]
) -> None:
    session = kept()
    assert session.read_only == "another kernel has it open"
    assert "Read-only: another kernel has it open. What is done here is not stored." in (
        session.notes
    )
    assert session.history.current.id == 1


def test_reading_changes_nothing_on_disk(
    kept: Reopen, home: Path, other_kernel: subprocess.Popen[str]
) -> None:
    before = contents(home)
    session = kept()
    session.plan = Plan(ratio=0.75)
    session.targets = {"accuracy": 0.5}
    session.undo()
    session.predict()
    session.preview()
    session.scan_sensitivity(ratios=(0.5,))
    session.close()
    assert contents(home) == before


@pytest.mark.parametrize("act", [lambda s: s.prune(), lambda s: s.finetune(1)])
def test_what_would_write_is_refused(
    kept: Reopen, other_kernel: subprocess.Popen[str], act: Callable[[Session], object]
) -> None:
    session = kept()
    with pytest.raises(ReadOnlyError, match=r"open for reading only: another kernel has it open"):
        act(session)
    assert len(session.history) == 2


def test_any_number_may_read(kept: Reopen, home: Path, other_kernel: subprocess.Popen[str]) -> None:
    first = Session(toy_net(), toy_data(), directory=home)
    second = Session(toy_net(), toy_data(), directory=home)
    assert first.read_only and second.read_only
    first.close()
    second.close()


def test_a_killed_kernel_locks_nobody_out(
    kept: Reopen, other_kernel: subprocess.Popen[str]
) -> None:
    other_kernel.kill()
    other_kernel.wait(WAIT_S)
    session = kept()
    assert session.read_only == ""
    assert session.prune().id == 2


HOLDER_THAT_FORKS = """
import os, sys, time
from pathlib import Path
from workbench.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]), lambda: True)
assert lock.acquire() == ""
if not os.fork():
    print(os.getpid(), flush=True)  # what is to be done after a fork has been done by now
    time.sleep(600)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_forked_workers_that_outlive_their_kernel_lock_nobody_out(home: Path) -> None:
    home.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", HOLDER_THAT_FORKS, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    worker = int(holder.stdout.readline())
    lock = WriterLock(home, lambda: True)
    try:
        assert lock.acquire() == "another kernel has it open"
        holder.kill()
        holder.wait(WAIT_S)
        os.kill(worker, 0)
        assert lock.acquire() == ""
    finally:
        lock.release()
        os.kill(worker, signal.SIGKILL)
        holder.kill()
        holder.communicate()


def test_opened_again_in_one_kernel_the_newer_session_writes(kept: Reopen, home: Path) -> None:
    first = kept()
    second = Session(toy_net(), toy_data(), directory=home)
    assert second.read_only == ""
    assert first.read_only == "it was opened again in this kernel, and is written from there"
    with pytest.raises(ReadOnlyError, match="opened again in this kernel"):
        first.prune()
    second.prune()
    second.close()
    assert len(kept().history) == 2


def test_a_session_that_is_making_a_step_keeps_its_directory(kept: Reopen, home: Path) -> None:
    first = kept()
    opened: list[Session] = []
    at_first_batch(first, lambda: opened.append(Session(toy_net(), toy_data(), directory=home)))
    task = first.submit_finetune(FOREVER)
    while not opened and not task.done:
        pass
    assert opened[0].read_only.startswith("this kernel has it open already, and something is under")
    assert first.read_only == ""
    opened[0].close()
    first.cancel()


def test_the_plan_of_a_session_that_was_opened_again_is_the_one_it_had(
    kept: Reopen, home: Path
) -> None:
    first = kept()
    first.plan = Plan(ratio=0.75)
    with Session(toy_net(), toy_data(), directory=home) as second:
        assert second.plan == Plan(ratio=0.75)


def test_a_closed_session_stores_nothing_any_more(kept: Reopen, home: Path) -> None:
    session = kept()
    session.close()
    before = contents(home)
    session.plan = Plan(ratio=0.5)
    assert contents(home) == before


def test_two_kernels_cannot_make_one_session(home: Path, no_runtimes: None) -> None:
    home.mkdir()
    with holding(home), pytest.raises(StoreError, match=r"no session in .* and none can be made"):
        Session(toy_net(), toy_data(), directory=home)
