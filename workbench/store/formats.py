"""Versions of what is on disk: older ones are brought up to date, newer ones refused."""

from collections.abc import Callable, Mapping

from workbench.errors import StoreError
from workbench.store.checked import Body, checked_text

FORMAT_VERSION = 1
"""Of everything in a session directory."""

Migration = Callable[[Body], Body]

MIGRATIONS: dict[str, Mapping[int, Migration]] = {"session": {}, "step": {}, "state": {}, "run": {}}
"""By kind of file and its format version: what makes one of the next version of it."""


def versioned_text(body: Body) -> bytes:
    """A file of the present format."""
    return checked_text({"format_version": FORMAT_VERSION, **body}, indent=2)


def brought_up_to_date(kind: str, body: Body, source: str) -> Body:
    """What a file of the present format would hold.

    Args:
        kind: What kind of file it is; a key of `MIGRATIONS`.
        body: What was read.
        source: What to call it in messages.

    Raises:
        StoreError: If the format is newer than this version knows, or no format at all.
    """
    version, body = body.get("format_version"), dict(body)
    body.pop("format_version", None)
    oldest = min(MIGRATIONS[kind], default=FORMAT_VERSION)
    if not isinstance(version, int) or not oldest <= version <= FORMAT_VERSION:
        known = f"{oldest} to {FORMAT_VERSION}" if oldest < FORMAT_VERSION else f"{FORMAT_VERSION}"
        raise StoreError(
            f"format_version of {source} must be {known}, got {version!r}. It was written by "
            "another version of the workbench: open it with that one."
        )
    for step in range(version, FORMAT_VERSION):
        body = MIGRATIONS[kind][step](body)
    return body
