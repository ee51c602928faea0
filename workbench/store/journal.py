"""``journal.jsonl``: everything a user did, one checked line each, in order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import StoreError
from workbench.store.checked import append_lines, read_lines
from workbench.store.files import writing


class Journal:
    """Lines of plain data, appended one by one.

    Args:
        path: The file; it is made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line; it is on disk when this returns.

        Raises:
            StoreError: If it cannot be written.
        """
        with writing("the journal", self._path):
            append_lines(self._path, [line])

    def read(self) -> tuple[tuple[Mapping[str, Any], ...], str]:
        """All lines, and a note on those that were left out; empty if none was.

        Raises:
            StoreError: If it cannot be read.
        """
        try:
            lines, damaged = read_lines(self._path)
        except OSError as error:
            raise StoreError(
                f"the journal {self._path} cannot be read: {error.strerror or error}."
            ) from error
        if not damaged:
            return tuple(lines), ""
        count = "A line" if damaged == 1 else f"{damaged} lines"
        left_out = "was cut short or damaged and is" if damaged == 1 else "are damaged and"
        return tuple(lines), f"{count} of the journal {left_out} left out."
