"""Plain data in files that tell damage: each text carries a digest of itself."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.digests import digest_of
from workbench.errors import DamagedError

Body = dict[str, Any]


def checked_text(body: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """The data as JSON, with its digest."""
    plain = json.loads(json.dumps(body))
    return json.dumps({**plain, "digest": digest_of(plain)}, indent=indent).encode()


def checked_body(text: bytes, source: str) -> Body:
    """The inverse of `checked_text`.

    Args:
        text: What was read.
        source: What to call it in messages.

    Raises:
        DamagedError: If it is no such text, or not the one that was written.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise DamagedError(f"{source} is no readable JSON: {error}.") from error
    if not isinstance(body, dict) or "digest" not in body:
        raise DamagedError(f"{source} must be an object with the key 'digest'; it has none.")
    recorded, found = body.pop("digest"), digest_of(body)
    if recorded != found:
        raise DamagedError(
            f"{source} was changed or damaged: its digest must be {recorded}, got {found}."
        )
    return body


def append_lines(path: Path, bodies: Iterable[Mapping[str, Any]]) -> None:
    """Append one checked line for each, and have them on disk.

    A last line that was cut short is ended first, so that it spoils no other.

    Raises:
        OSError: If it cannot be written.
    """
    text = b"".join(checked_text(body) + b"\n" for body in bodies)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell() and not _ends_a_line(file):
            text = b"\n" + text
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> tuple[list[Body], int]:
    """What is written in a file of checked lines, and how many of its lines are damaged.

    Raises:
        OSError: If the file is there and cannot be read.
    """
    bodies, damaged = [], 0
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else [], 1):
        try:
            bodies.append(checked_body(line, f"line {number} of {path.name}"))
        except DamagedError:
            damaged += 1
    return bodies, damaged


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
