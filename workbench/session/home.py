"""What a session keeps from one kernel to the next: here nothing, in `stored_home` a directory."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch

from workbench.actions import Action
from workbench.errors import StoreError
from workbench.events import ActionTaken
from workbench.measure.metrics import Metrics
from workbench.pruned import PrunedModel
from workbench.session.history import History
from workbench.session.sources import EXAMPLE, Opened
from workbench.store.runs import RunFiles
from workbench.store.state import State


class Home:
    """Of a session that lives in memory only; `StoredHome` is the other kind.

    Args:
        opened: The model and data.

    Attributes:
        opened: The same.
        path: The directory, if there is one.
        notes: Sentences on what came out of it.
        state: What the session was at before, if it was opened again.
        scans: Where sensitivity scans keep their figures, if not in memory.
        runs: Where training runs are kept, if not in memory.
        reopened: Whether there were steps before.
    """

    path: Path | None = None
    notes: tuple[str, ...] = ()
    state: State | None = None
    scans: Path | None = None
    runs: RunFiles | None = None
    reopened: bool = False

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._lines: list[Mapping[str, Any]] = []

    @property
    def read_only(self) -> str:
        """Why nothing may be written; empty if it may."""
        return ""

    def begin(self, dense: PrunedModel, metrics: Metrics, action: Action) -> History:
        """The history: a new one, or the one that is stored."""
        return History(dense, metrics, action)

    def check_writable(self, what: str) -> None:
        """Refuse what would write to a session that is open for reading only; `ReadOnlyError`."""

    def held(self, what: str) -> contextlib.AbstractContextManager[None]:
        """Write within; `ReadOnlyError` as for `check_writable`."""
        return contextlib.nullcontext()

    def note(self, sentence: str) -> None:
        """Add to what a person should know."""

    def report(self, error: StoreError) -> None:
        """Tell everybody that something could not be written."""

    def remember(self, state: State) -> None:
        """Have the state on disk before long."""

    def remember_scan(self, scan: Callable[[], Mapping[str, Any] | None]) -> None:
        """Have what the last scan found on disk before long."""

    def stored_scan(self) -> Mapping[str, Any] | None:
        """What the last scan of an earlier kernel found, if there was one."""
        return None

    def journal(self, taken: ActionTaken) -> None:
        """Note what a user did."""
        self._lines.append(journal_line(taken))

    def journal_lines(self) -> Sequence[Mapping[str, Any]]:
        """Everything that was noted, as plain data."""
        return tuple(self._lines)

    def flush(self) -> None:
        """Have everything on disk that was given so far."""

    def close(self, why: str = "the session was closed") -> None:
        """Flush, and let others write; again does nothing."""


def example_file(opened: Opened) -> dict[str, bytes]:
    """The file of the example input that a user gave, by name; none if there was none."""
    example = opened.example_input
    if example is None:
        return {}
    return {EXAMPLE: safetensors.torch.save({"example_input": example.contiguous()})}


def journal_line(taken: ActionTaken) -> dict[str, Any]:
    """What is noted of an action."""
    return {"step": taken.step_id, **taken.action.to_json()}
