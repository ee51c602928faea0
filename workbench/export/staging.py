"""Several files that appear together or not at all.

They are written to a hidden directory on the same disk, and moved into place once all are
complete. What a killed process left behind is removed by the next one that writes there.
"""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import ExportError

PREFIX = ".pruning-workbench-"
_LOCK = ".lock"
_SPARE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Staging:
    """Where files are made before they are moved.

    Attributes:
        target: Where they belong.
        directory: Where they are made.
    """

    target: Path
    directory: Path

    def publish(self, names: Sequence[str], stale: Collection[str] = ()) -> None:
        """Move finished files into place; the last one names the others, so it goes last.

        Args:
            names: The files.
            stale: Files of the target, from an earlier time, that these replace.

        Raises:
            ExportError: If one cannot be moved.
        """
        try:
            for name in names:
                # Some libraries write private files; an export is as readable as other files.
                (self.directory / name).chmod(0o666 & ~_umask())
                _sync(self.directory / name)
            if self.target.exists():
                for name in stale:
                    (self.target / name).unlink(missing_ok=True)
                for name in names:
                    (self.directory / name).replace(self.target / name)
            else:
                self._move_all(names)
            _sync(self.target)
        except OSError as error:
            raise ExportError(
                f"cannot write to {self.target}: {error.strerror or error}. Choose a directory "
                "you may write to."
            ) from error

    def _move_all(self, names: Sequence[str]) -> None:
        """A target that was not there appears complete, in one move."""
        whole = self.directory / "whole"
        whole.mkdir()
        whole.chmod(0o777 & ~_umask())
        for name in names:
            (self.directory / name).replace(whole / name)
        whole.replace(self.target)


@contextmanager
def staging(target: Path, needed_bytes: int = 0) -> Iterator[Staging]:
    """A place to make files for `target`; afterwards it is gone, with what was not published.

    Raises:
        ExportError: If the target cannot be written to, or has too little space.
    """
    made: list[Path] = []
    try:
        # Inside of a target that is there, which may be a disk of its own.
        home = target if target.is_dir() else target.parent
        made = _make_directories(home)
        _sweep(home)
        _check_space(home, target, needed_bytes)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    except OSError as error:
        _remove_directories(made)
        raise ExportError(
            f"cannot write to {target}: {error.strerror or error}. Choose a directory you may "
            "write to; nothing was left behind."
        ) from error
    except ExportError:
        _remove_directories(made)
        raise
    try:
        if target.exists() and not target.is_dir():
            raise ExportError(
                f"cannot write to {target}: it is a file. Choose a directory for an export."
            )
        with FileLock(directory / _LOCK):
            yield Staging(target, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if not target.exists():
            _remove_directories(made)


def _check_space(home: Path, target: Path, needed_bytes: int) -> None:
    wanted, free = needed_bytes + _SPARE_BYTES, shutil.disk_usage(home).free
    if free < wanted:
        raise ExportError(
            f"exporting to {target} may need {wanted:,} bytes, and {free:,} are free there. Make "
            "room, choose fewer formats, or another disk."
        )


def _sweep(home: Path) -> None:
    """Remove what processes that are gone left behind; the living hold a lock."""
    for left in home.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout), FileLock(left / _LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)


def _make_directories(directory: Path) -> list[Path]:
    """Make a directory and its parents; returns those that were not there, outermost first."""
    missing = [one for one in (directory, *directory.parents) if not one.exists()][::-1]
    directory.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_directories(made: Sequence[Path]) -> None:
    for directory in reversed(made):
        with suppress(OSError):  # somebody else put something there meanwhile
            directory.rmdir()


def _sync(path: Path) -> None:
    """Have a file, or the names in a directory, on the disk before anything goes on."""
    if path.is_dir() and os.name == "nt":  # Windows opens no directories
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
