"""A session directory as the home of a session: what is read when it opens, and written later."""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from workbench.actions import Action, Open
from workbench.errors import DamagedError, FingerprintError, StoreError
from workbench.events import ActionTaken, EventBus, NotSaved
from workbench.measure.metrics import Metrics
from workbench.pruned import PrunedModel
from workbench.session.history import History, Step, now
from workbench.session.home import Home, example_file, journal_line
from workbench.session.sources import Opened, load_stored_weights
from workbench.session.stored_steps import StoredSteps, versions
from workbench.store.checked import checked_body, checked_text
from workbench.store.directory import (
    JOURNAL,
    RUNS,
    SCANS,
    SENSITIVITY,
    STATE,
    SessionDirectory,
)
from workbench.store.files import replace_file, writing
from workbench.store.fingerprints import (
    STRUCTURE,
    check_fingerprints,
    fingerprints_of,
    structure_fingerprint,
)
from workbench.store.journal import Journal
from workbench.store.latest import Latest
from workbench.store.record import Record
from workbench.store.runs import RunFiles
from workbench.store.state import State

_log = logging.getLogger(__name__)


class StoredHome(Home):
    """A session directory, and what is written to it.

    Args:
        path: Missing, empty, or a session's.
        opened: The model and data; random weights are replaced by those stored.
        bus: Told what could not be written.
        let_go: See `workbench.store.lock.WriterLock`.

    Raises:
        StoreError: If the directory is something else's, cannot be made, or is of a newer format.
        FingerprintError: If it was made with another model or other data.
        DamagedError: If its record is damaged.
    """

    def __init__(
        self, path: str | Path, opened: Opened, bus: EventBus, let_go: Callable[[], bool]
    ) -> None:
        super().__init__(opened)
        self._bus = bus
        self._directory = SessionDirectory(path, let_go)
        self.path = self._directory.path
        try:
            self._settle()
            self.state = self._stored_state()
        except BaseException:
            self._directory.close("it could not be opened")
            raise
        self.scans = None if self.read_only else self._directory.path / SCANS
        self.runs = RunFiles(self._directory.path / RUNS)
        self._journal = Journal(self._directory.path / JOURNAL)
        self._latest = Latest(partial(self._write, STATE), self.report)
        self._latest_scan = Latest(partial(self._write, SENSITIVITY), self.report)
        self._note_damage()
        if self.read_only:
            self.note(f"Read-only: {self.read_only}. What is done here is not stored.")

    @property
    def read_only(self) -> str:
        return self._directory.read_only

    def begin(self, dense: PrunedModel, metrics: Metrics, action: Action) -> History:
        storage = StoredSteps(self._directory, dense, self.opened.action.seed, self.report)
        steps, damaged = storage.all()
        for what in damaged.values():
            self.note(what)
        if steps and 0 not in steps:
            # The model as it was opened is at hand: nothing is lost but what was measured of it.
            steps[0] = Step(0, None, action, metrics, created=now())
            damaged.pop(0, None)
            if not self.read_only:
                storage.replace(steps[0], dense)
        history = History(dense, metrics, action, storage, self._named(steps), damaged)
        if steps:
            self._return_to_current(history)
        return history

    def check_writable(self, what: str) -> None:
        self._directory.check_writable(what)

    def held(self, what: str) -> contextlib.AbstractContextManager[None]:
        return self._directory.held(what)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes = (*self.notes, sentence)

    def report(self, error: StoreError) -> None:
        _log.warning("%s", error)
        self._bus.emit(NotSaved(str(error)))

    def remember(self, state: State) -> None:
        if not self.read_only:
            self._latest.put(state.to_bytes)

    def remember_scan(self, scan: Callable[[], Mapping[str, Any] | None]) -> None:
        if not self.read_only:
            self._latest_scan.put(lambda: checked_text({"scan": scan()}))

    def stored_scan(self) -> Mapping[str, Any] | None:
        path = self._directory.path / SENSITIVITY
        try:
            body = checked_body(path.read_bytes(), str(path)) if path.exists() else {}
        except (OSError, DamagedError) as error:
            self.note(f"The last sensitivity scan is lost: {error}")
            return None
        return body.get("scan")

    def journal(self, taken: ActionTaken) -> None:
        if self.read_only:
            return
        try:
            self._journal.append(journal_line(taken))
        except StoreError as error:
            self.report(error)

    def journal_lines(self) -> Sequence[Mapping[str, Any]]:
        return self._journal.read()[0]

    def flush(self) -> None:
        self._latest.flush()
        self._latest_scan.flush()

    def close(self, why: str = "the session was closed") -> None:
        self._latest.close()
        self._latest_scan.close()
        self._directory.close(why)

    def _settle(self) -> None:
        """Make the directory the session's, or see that it is."""
        record, opened = self._directory.record, self.opened
        if record is None or not self._directory.steps.ids():
            self._create()
            return
        self.reopened = True
        if (seed := Open.from_arguments(record.source.opening).seed) != opened.action.seed:
            raise FingerprintError(
                f"seed must be that of the session in {self._directory.path}, which is {seed}, got "
                f"{opened.action.seed}: it decides which inputs are for validation. Nothing was "
                "changed."
            )
        module = opened.model.module
        drawn = record.source.random and opened.source.random
        if drawn and structure_fingerprint(module) == record.fingerprints.get(STRUCTURE):
            load_stored_weights(module, self._directory.path)
        found = fingerprints_of(module, opened.dataset)
        check_fingerprints(record.fingerprints, found, self._directory.path)

    def _create(self) -> None:
        self._directory.check_writable("a new session")
        with writing("a session", self._directory.path):
            for name, data in example_file(self.opened).items():
                replace_file(self._directory.path / name, data)
        found = fingerprints_of(self.opened.model.module, self.opened.dataset)
        self._directory.create(Record(self.opened.source, found, versions()))

    def _stored_state(self) -> State | None:
        path = self._directory.path / STATE
        try:
            return State.from_bytes(path.read_bytes(), str(path)) if path.exists() else None
        except (OSError, DamagedError) as error:
            self.note(f"Plan, targets and current step are lost: {error}")
            return None

    def _note_damage(self) -> None:
        try:
            _, damage = self._journal.read()
        except StoreError as error:
            damage = str(error)
        if damage:
            self.note(damage)

    def _write(self, name: str, text: bytes) -> None:
        with self._directory.held(name), writing(name, self._directory.path):
            replace_file(self._directory.path / name, text)

    def _named(self, steps: dict[int, Step]) -> dict[int, Step]:
        names = self.state.names if self.state else {}
        return {
            step_id: replace(step, name=names[step_id][0], remark=names[step_id][1])
            if step_id in names
            else step
            for step_id, step in steps.items()
        }

    def _return_to_current(self, history: History) -> None:
        """Be at the step that was current, or at the newest that can be read."""
        ids = [step.id for step in history]
        undone: tuple[int, ...] = ()
        if self.state is not None and self.state.newest >= max(ids):
            ids.append(self.state.current)
            undone = self.state.undone
        for step_id in reversed(ids):
            try:
                history.go_back_to(step_id, undone)
                return
            except DamagedError as error:
                self.note(str(error))
                undone = ()
