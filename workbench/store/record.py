"""``session.json``: what a session directory is of, and in which format it is written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import DamagedError
from workbench.store.checked import checked_body
from workbench.store.formats import brought_up_to_date, versioned_text

FILE = "session.json"


@dataclass(frozen=True)
class Source:
    """Where a session's model and data came from.

    Attributes:
        name: What the model is called.
        origin: How the dense model is built (see `workbench.models.OpenedModel`).
        random: Whether the model began with random weights, which differ at every opening.
        model_notes: Sentences about the model.
        opening: The action of opening them, as plain data.
    """

    name: str
    origin: Mapping[str, Any]
    random: bool
    model_notes: tuple[str, ...]
    opening: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """What is in ``session.json``.

    Attributes:
        source: Where model and data came from.
        fingerprints: By what they are of.
        versions: Of the software that made the directory.
    """

    source: Source
    fingerprints: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The file."""
        return versioned_text(asdict(self))

    @classmethod
    def from_bytes(cls, text: bytes, path: Path) -> "Record":
        """The inverse of `to_bytes`; older formats are brought up to date.

        Raises:
            StoreError: If the format is newer than this version knows.
            DamagedError: If the file was changed or damaged.
        """
        body = brought_up_to_date("session", checked_body(text, str(path)), str(path))
        try:
            source = dict(body["source"])
            source["model_notes"] = tuple(source["model_notes"])
            return cls(Source(**source), dict(body["fingerprints"]), dict(body["versions"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"{path} is no record of a session: {error!r}.") from error
