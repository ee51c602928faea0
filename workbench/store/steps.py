"""Steps on disk: a directory for each, there with everything or not at all."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.digests import sha256_of
from workbench.errors import DamagedError
from workbench.store.checked import Body, checked_body
from workbench.store.files import (
    check_space,
    remove_unfinished,
    replace_file,
    write_directory,
    writing,
)
from workbench.store.formats import brought_up_to_date, versioned_text

MANIFEST = "step.json"
"""Written last; holds the checksums of all other files."""

LATE = "measured.json"
"""What was measured after the commit; the one file of a step that may change."""


@dataclass(frozen=True)
class StepFiles:
    """The steps of a session directory, as files by name; only their writer knows what is in them.

    Attributes:
        root: The directory that holds a directory for every step.
    """

    root: Path

    def ids(self) -> tuple[int, ...]:
        """Ids of all steps, whether or not they can be read."""
        if not self.root.is_dir():
            return ()
        names = [entry.name for entry in self.root.iterdir() if entry.is_dir()]
        return tuple(sorted(int(name) for name in names if re.fullmatch(r"\d+", name)))

    def write(self, step_id: int, manifest: Body, files: Mapping[str, bytes]) -> None:
        """Commit a step.

        Args:
            step_id: None of that id may be there.
            manifest: Plain data.
            files: Contents by name.

        Raises:
            StoreError: If there is no room, or it cannot be written; nothing is left behind.
        """
        checksums = {name: sha256_of(data) for name, data in files.items()}
        sizes = {name: len(data) for name, data in files.items()}
        text = versioned_text({**manifest, "checksums": checksums, "sizes": sizes})
        check_space(self.root, sum(sizes.values()) + len(text), f"step {step_id}")
        with writing(f"step {step_id}", self.root):
            write_directory(self.root / str(step_id), {**files, MANIFEST: text})

    def write_late(self, step_id: int, body: Body) -> None:
        """Replace what was measured of a step after its commit.

        Raises:
            StoreError: If it cannot be written; the older file stays.
        """
        with writing(f"what was measured of step {step_id}", self.root):
            replace_file(self.root / str(step_id) / LATE, versioned_text(body))

    def manifest(self, step_id: int) -> Body:
        """What a step is.

        Raises:
            DamagedError: If that cannot be read, or is not what was written.
            StoreError: If its format is newer than this version knows.
        """
        return self._body(step_id, MANIFEST)

    def late(self, step_id: int) -> Body | None:
        """What was measured after the commit, if anything.

        Raises:
            DamagedError, StoreError: As for `manifest`.
        """
        if not (self.root / str(step_id) / LATE).exists():
            return None
        return self._body(step_id, LATE)

    def read(self, step_id: int, name: str, manifest: Body) -> bytes:
        """A file of a step, compared with its checksum.

        Raises:
            DamagedError: If it cannot be read, or is not what was written.
        """
        data = self._bytes(step_id, name)
        recorded, found = manifest["checksums"].get(name), sha256_of(data)
        if recorded != found:
            raise DamagedError(
                f"{self._name(step_id, name)} was changed or damaged: its SHA-256 must be "
                f"{recorded}, got {found}."
            )
        return data

    def check_sizes(self, step_id: int, manifest: Body) -> None:
        """See that all files of a step are there in full, without reading them.

        Raises:
            DamagedError: If one is not.
        """
        for name, size in manifest["sizes"].items():
            path = self.root / str(step_id) / name
            found = path.stat().st_size if path.is_file() else None
            if found != size:
                was = "is missing" if found is None else f"has {found:,} bytes instead of {size:,}"
                raise DamagedError(f"{self._name(step_id, name)} {was}.")

    def remove(self, step_id: int) -> None:
        """Take a step away that cannot be read."""
        shutil.rmtree(self.root / str(step_id), ignore_errors=True)

    def clean(self) -> None:
        """Remove what killed writers left."""
        remove_unfinished(self.root)
        for step_id in self.ids():
            remove_unfinished(self.root / str(step_id))

    def _body(self, step_id: int, name: str) -> Body:
        source = self._name(step_id, name)
        return brought_up_to_date("step", checked_body(self._bytes(step_id, name), source), source)

    def _bytes(self, step_id: int, name: str) -> bytes:
        try:
            return (self.root / str(step_id) / name).read_bytes()
        except OSError as error:
            raise DamagedError(
                f"{self._name(step_id, name)} cannot be read: {error.strerror or error}."
            ) from error

    def _name(self, step_id: int, name: str) -> str:
        return f"{self.root.name}/{step_id}/{name}"
