"""Files on disk, whole or not at all."""

import os
import tempfile
from pathlib import Path

from workbench.errors import ExportError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: an older one stays until the new one is complete on disk.

    Directories that are missing are made.

    Raises:
        ExportError: If it cannot be written; nothing is left behind.
    """
    try:
        _replace(path, data)
    except OSError as error:
        raise ExportError(
            f"cannot write {path}: {error.strerror or error}. Choose a directory you may write "
            f"to{f', with {len(data)} bytes free' if data else ''}; nothing was left behind."
        ) from error


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
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


def check_writable(directory: Path) -> None:
    """Find out before minutes of work, not after.

    Raises:
        ExportError: If no file can be written there.
    """
    probe = directory / ".pruning-workbench-writable"
    write_whole(probe, b"")
    probe.unlink(missing_ok=True)
