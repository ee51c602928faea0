"""Files on disk, whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from workbench.errors import ExportError, StoreError

UNFINISHED = ".unfinished-"
"""How names of files and directories begin while they are being written."""

_MARGIN_BYTES = 4 * 2**20
"""Left free on the disk; directories and file systems take a little for themselves."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: an older one stays until the new one is complete on disk.

    Directories that are missing are made.

    Raises:
        ExportError: If it cannot be written; nothing is left behind.
    """
    try:
        replace_file(path, data)
    except OSError as error:
        raise ExportError(
            f"cannot write {path}: {error.strerror or error}. Choose a directory you may write "
            f"to{f', with {len(data)} bytes free' if data else ''}; nothing was left behind."
        ) from error


def check_writable(directory: Path) -> None:
    """Find out before minutes of work, not after.

    Raises:
        ExportError: If no file can be written there.
    """
    probe = directory / ".pruning-workbench-writable"
    write_whole(probe, b"")
    probe.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """As `write_whole`, for callers with a message of their own.

    Raises:
        OSError: If it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{UNFINISHED}{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; what is written is as readable as this user's other files.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a directory of files atomically: it is there with all of them, or not at all.

    Args:
        path: Where; nothing may be there yet.
        files: Contents by name; the last one is written last.

    Raises:
        OSError: If it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(UNFINISHED + path.name)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        for name, data in files.items():
            with (unfinished / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        sync_directory(unfinished)
        unfinished.rename(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_directory(path.parent)


def remove_unfinished(directory: Path) -> None:
    """Remove what killed writers left in a directory: files and directories under way."""
    if not directory.is_dir():
        return
    for entry in directory.glob(f"{UNFINISHED}*"):
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Have the names in a directory on disk, where the system can do that."""
    with contextlib.suppress(OSError):  # Windows opens no directories
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_space(directory: Path, needed: int, what: str) -> None:
    """Refuse to begin what the disk has no room for.

    Raises:
        StoreError: If fewer bytes are free than `needed` and a margin.
    """
    while not directory.exists():
        directory = directory.parent
    free = shutil.disk_usage(directory).free
    if free < needed + _MARGIN_BYTES:
        raise StoreError(
            f"{what} needs {needed + _MARGIN_BYTES:,} bytes free on the disk of {directory}, got "
            f"{free:,}. Free some space, or save the session to another disk: session.save(...). "
            "Nothing was changed."
        )


@contextlib.contextmanager
def writing(what: str, where: Path) -> Iterator[None]:
    """Turn what the system says about writing into what a person can do about it.

    Raises:
        StoreError: Instead of `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{what} cannot be written to {where}: {error.strerror or error}. Free some space "
            "there or make it writable, then try again; what was stored before is untouched."
        ) from error
