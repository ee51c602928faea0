"""Figures that were measured before: one file of lines per model and data, appended to."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.digests import digest_of
from workbench.errors import ExportError
from workbench.sensitivity.points import Figures


@dataclass(frozen=True)
class Entry:
    """Figures, what ran the model, and on how many of the inputs."""

    figures: Figures
    route: str
    ran: int


@dataclass
class Cache:
    """Figures by name, in memory and, if there is a directory, on disk.

    A line is written whole, and carries a digest of itself: one that was damaged, or cut short by
    a crash, counts as never written.

    Attributes:
        path: The file; None to remember for this process only.
    """

    path: Path | None
    _entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def open(cls, where: "Path | Cache | None", context: dict[str, Any]) -> "Cache":
        """The cache of everything that was measured in a context.

        Args:
            where: A directory, a cache to go on with, or None for a new one in memory.
            context: What all figures depend on.
        """
        if where is None or isinstance(where, Cache):
            return where or cls(None)
        path = Path(where) / f"sensitivity-{digest_of(context)}.jsonl"
        cache = cls(path)
        cache._read()
        return cache

    def find(self, key: str) -> Entry | None:
        """What was measured under this name."""
        return self._entries.get(key)

    def add(self, key: str, entry: Entry, about: dict[str, Any]) -> None:
        """Remember figures; `about` is for people who open the file.

        Raises:
            ExportError: If the file cannot be written.
        """
        self._entries[key] = entry
        if self.path is None:
            return
        body = {
            "key": key,
            "route": entry.route,
            "ran": entry.ran,
            **asdict(entry.figures),
            "about": about,
        }
        line = json.dumps({**body, "digest": digest_of(body)}) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # One write to a file opened for appending is one line, whoever else writes.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(descriptor, ("\n" + line).encode() if self._is_torn() else line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ExportError(
                f"cannot write {self.path}: {error.strerror or error}. Choose a directory you may "
                "write to, or scan without a cache."
            ) from error

    def _is_torn(self) -> bool:
        """Whether the file ends in the middle of a line."""
        assert self.path is not None
        with self.path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"

    def _read(self) -> None:
        assert self.path is not None
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ExportError(
                f"cannot read {self.path}: {error.strerror or error}. Make it readable, or scan "
                "without a cache."
            ) from error
        for line in lines:
            found = _parsed(line)
            if found is not None:
                self._entries[found[0]] = found[1]


def _parsed(line: bytes) -> tuple[str, Entry] | None:
    """Name and figures of a line; None if it is damaged."""
    try:
        body = json.loads(line)
        if body.pop("digest") != digest_of(body):
            return None
        names = ("accuracy", "loss", "divergence")
        measured = {name: float(body[name]) for name in names}
        figures = Figures(inputs=int(body["inputs"]), **measured)
        return str(body["key"]), Entry(figures, str(body["route"]), int(body["ran"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
