"""The directory of a session: what lies where, and who may write."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.errors import ReadOnlyError, StoreError
from workbench.store import lock, record
from workbench.store.files import UNFINISHED, remove_unfinished, replace_file, writing
from workbench.store.lock import WriterLock
from workbench.store.record import Record
from workbench.store.runs import RunFiles
from workbench.store.steps import StepFiles

STEPS, RUNS, SCANS = "steps", "runs", "scans"
JOURNAL, STATE, SENSITIVITY = "journal.jsonl", "state.json", "sensitivity.json"


class SessionDirectory:
    """A session directory that is open, for writing if nobody else has it open for that.

    Args:
        path: Missing, empty, or a session's.
        let_go: See `WriterLock`.

    Attributes:
        path: Absolute.
        read_only: Why nothing may be written; empty if it may.
        record: What is in ``session.json``; None in a directory that is new.
        steps: The steps.

    Raises:
        StoreError: If it holds something else, cannot be made, or is of a newer format.
        DamagedError: If ``session.json`` is damaged.
    """

    def __init__(self, path: str | Path, let_go: Callable[[], bool]) -> None:
        self.path = Path(path).expanduser().absolute()
        _check_ours(self.path)
        self._at_work = threading.RLock()
        new = not (self.path / record.FILE).exists()
        self._lock, self.read_only = self._locked(let_go, new)
        try:
            # Only now: who held the lock before may have written it in the meantime.
            self.record = read_record(self.path)
            if self.record is None and self.read_only:
                raise StoreError(
                    f"there is no session in {self.path} yet, and none can be made: "
                    f"{self.read_only}. Wait for the other one, or choose another directory."
                )
            self.steps = StepFiles(self.path / STEPS)
            if not self.read_only:
                self._clean()
        except BaseException:
            self.close("it could not be opened")
            raise

    def create(self, new: Record) -> None:
        """Make a new directory one of a session.

        Raises:
            StoreError: If it cannot be written.
        """
        with writing("a session", self.path):
            replace_file(self.path / record.FILE, new.to_bytes())
        self.record = new

    def check_writable(self, what: str) -> None:
        """Refuse what would write to a directory that is open for reading only.

        Raises:
            ReadOnlyError: If it is.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"{what} needs a session that may be written, but {self.path} is open for reading "
                f"only: {self.read_only}. Close it there and open it here again, or go on in a "
                "copy: session.save(...)."
            )

    @contextlib.contextmanager
    def held(self, what: str) -> Iterator[None]:
        """Write within; nobody else can begin to write before the end.

        Raises:
            ReadOnlyError: If it is open for reading only.
        """
        with self._at_work:
            self.check_writable(what)
            yield

    def close(self, why: str) -> None:
        """Write nothing any more, and let others write; again does nothing."""
        with self._at_work:
            self.read_only = self.read_only or why
            self._lock.release()

    def _locked(self, let_go: Callable[[], bool], new: bool) -> tuple[WriterLock, str]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            writer = WriterLock(self.path, let_go)
            return writer, writer.acquire()
        except OSError as error:
            if new:
                raise StoreError(
                    f"a session cannot be made in {self.path}: {error.strerror or error}. Choose a "
                    "directory you may write to."
                ) from error
            return writer, f"it cannot be written ({error.strerror or error})"

    def _clean(self) -> None:
        remove_unfinished(self.path)
        self.steps.clean()
        RunFiles(self.path / RUNS).clean()


def read_record(path: Path) -> Record | None:
    """What the session in a directory is of; None if there is no session.

    Raises:
        StoreError: If it cannot be read, or is of a newer format.
        DamagedError: If it is damaged.
    """
    file = path / record.FILE
    try:
        return Record.from_bytes(file.read_bytes(), file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read: {error.strerror or error}. Make it readable."
        ) from error


def _check_ours(path: Path) -> None:
    """Refuse to write into a directory of something else."""
    if path.exists() and not path.is_dir():
        raise StoreError(f"a session's directory must be a directory, got the file {path}.")
    if not path.exists() or (path / record.FILE).exists():
        return
    foreign = sorted(
        entry.name
        for entry in path.iterdir()
        if entry.name != lock.FILE and not entry.name.startswith(UNFINISHED)
    )
    if foreign:
        raise StoreError(
            f"a session's directory must be new, empty, or one of a session; {path} holds "
            f"{foreign[0]!r} and no {record.FILE}. Choose another directory."
        )
