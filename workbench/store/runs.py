"""Training runs on disk: what was reported of each, and the state of one that may go on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import DamagedError
from workbench.store.checked import Body, append_lines, checked_body, checked_text, read_lines
from workbench.store.files import check_space, remove_unfinished, replace_file, writing
from workbench.store.formats import brought_up_to_date, versioned_text

ABOUT, CURVES = "run.json", "curves.jsonl"

Curves = Mapping[str, Sequence[Sequence[float]]]
"""By name, points ``(epochs, value)``."""


@dataclass(frozen=True)
class RunFiles:
    """The training runs of a session directory, by number.

    Attributes:
        root: The directory that holds a directory for every run.
    """

    root: Path

    def numbers(self) -> tuple[int, ...]:
        """Numbers of all runs, rising."""
        names = [entry.name for entry in self.root.iterdir()] if self.root.is_dir() else []
        return tuple(sorted(int(name) for name in names if re.fullmatch(r"\d+", name)))

    def write(self, number: int, about: Body) -> None:
        """Write what a run is, in the place of what was written before.

        Raises:
            StoreError: If it cannot be written.
        """
        with writing(f"training run {number}", self.root):
            replace_file(self._path(number, ABOUT), versioned_text(about))

    def append(self, number: int, curves: Curves) -> None:
        """Add points to a run's curves; `StoreError` as for `write`."""
        with writing(f"the curves of training run {number}", self.root):
            append_lines(self._path(number, CURVES), [{"curves": curves}])

    def replace_curves(self, number: int, curves: Curves) -> None:
        """Write a run's curves anew; `StoreError` as for `write`."""
        with writing(f"the curves of training run {number}", self.root):
            replace_file(self._path(number, CURVES), checked_text({"curves": curves}) + b"\n")

    def about(self, number: int) -> Body:
        """What a run is.

        Raises:
            DamagedError: If that cannot be read, or is not what was written.
            StoreError: If its format is newer than this version knows.
        """
        source = f"{self.root.name}/{number}/{ABOUT}"
        return brought_up_to_date("run", checked_body(self._bytes(number, ABOUT), source), source)

    def curves(self, number: int) -> dict[str, list[tuple[float, float]]]:
        """A run's curves; lines that were cut short are left out."""
        curves: dict[str, list[tuple[float, float]]] = {}
        lines, _ = read_lines(self._path(number, CURVES))
        for line in lines:
            for name, points in line["curves"].items():
                curves.setdefault(name, []).extend((x, y) for x, y in points)
        return curves

    def write_checkpoint(self, number: int, epoch: int, state: bytes) -> None:
        """Write the state of a run after an epoch; an older one goes once it is on disk.

        Raises:
            StoreError: If there is no room, or it cannot be written; the older one stays.
        """
        what = f"the state of training run {number}"
        check_space(self.root, len(state), what)
        with writing(what, self.root):
            replace_file(self._path(number, f"checkpoint-{epoch}.pt"), state)
        self.forget_checkpoints(number, but=epoch)

    def checkpoint_epoch(self, number: int) -> int:
        """The last epoch after which the state of a run was written; 0 if none was."""
        return max(self._checkpoints(number), default=0)

    def checkpoint(self, number: int) -> bytes:
        """The last state of a run.

        Raises:
            DamagedError: If it cannot be read.
        """
        return self._bytes(number, f"checkpoint-{self.checkpoint_epoch(number)}.pt")

    def forget_checkpoints(self, number: int, but: int | None = None) -> None:
        """Remove the states of a run, but for that after one epoch; `StoreError` as for `write`."""
        for epoch, path in self._checkpoints(number).items():
            if epoch != but:
                with writing(f"the state of training run {number}", self.root):
                    path.unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove what killed writers left."""
        for number in self.numbers():
            remove_unfinished(self.root / str(number))

    def _checkpoints(self, number: int) -> dict[int, Path]:
        files = (self.root / str(number)).glob("checkpoint-*.pt")
        named = ((re.fullmatch(r"checkpoint-(\d+)", path.stem), path) for path in files)
        return {int(match[1]): path for match, path in named if match}

    def _path(self, number: int, name: str) -> Path:
        return self.root / str(number) / name

    def _bytes(self, number: int, name: str) -> bytes:
        try:
            return self._path(number, name).read_bytes()
        except OSError as error:
            raise DamagedError(
                f"{self.root.name}/{number}/{name} cannot be read: {error.strerror or error}."
            ) from error
