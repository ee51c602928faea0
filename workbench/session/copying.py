"""A copy of a session in another directory: all of it, or nothing."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from workbench.errors import DamagedError, StoreError
from workbench.progress import Monitor
from workbench.session.history import History
from workbench.session.home import Home, example_file
from workbench.session.sensing import Sensing
from workbench.session.stored_steps import StoredSteps, versions
from workbench.session.training_runs import TrainingRuns
from workbench.store.checked import append_lines, checked_text
from workbench.store.directory import (
    JOURNAL,
    RUNS,
    SCANS,
    SENSITIVITY,
    STATE,
    SessionDirectory,
)
from workbench.store.files import UNFINISHED, replace_file, sync_directory, writing
from workbench.store.fingerprints import fingerprints_of
from workbench.store.record import Record
from workbench.store.runs import RunFiles
from workbench.store.state import State


@dataclass(frozen=True)
class Copying:
    """Makes the work of copying a session.

    Attributes:
        home: Where the session is kept itself.
        history: Its steps.
        runs: Its training runs.
        sensing: What its last scan found.
        state: What else it is at.
    """

    home: Home
    history: History
    runs: TrainingRuns
    sensing: Sensing
    state: State

    def copy(self, target: Path) -> Callable[[Monitor], Path]:
        """The work of writing everything to a new directory; steps that are damaged stay behind.

        Raises:
            StoreError: If something is there, or it cannot be written.
        """
        target = target.expanduser().absolute()
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise StoreError(
                f"a session is saved to a new or empty directory, and {target} is not one. Choose "
                "another."
            )

        def work(monitor: Monitor) -> Path:
            unfinished = target.with_name(UNFINISHED + target.name)
            shutil.rmtree(unfinished, ignore_errors=True)
            try:
                with writing("a copy of the session", target):
                    self._write(unfinished, monitor)
                    if target.exists():
                        target.rmdir()
                    unfinished.rename(target)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            sync_directory(target.parent)
            return target

        return work

    def _write(self, path: Path, monitor: Monitor) -> None:
        opened, dense = self.home.opened, self.history.model_of(0)
        directory = SessionDirectory(path, lambda: False)
        try:
            found = fingerprints_of(dense.module, opened.dataset)
            directory.create(Record(opened.source, found, versions()))
            for name, data in example_file(opened).items():
                replace_file(path / name, data)
            storage = StoredSteps(directory, dense, opened.action.seed, _raise)
            steps = tuple(self.history)
            for number, step in enumerate(steps):
                monitor.report(number, len(steps), f"saving step {step.id}")
                try:
                    model = self.history.model_of(step.id)
                except DamagedError:
                    continue
                storage.write(step, model)
            self._write_rest(path)
            monitor.report(1, 1, "saved")
        finally:
            directory.close("it was copied")

    def _write_rest(self, path: Path) -> None:
        self.runs.write_to(RunFiles(path / RUNS))
        append_lines(path / JOURNAL, self.home.journal_lines())
        if (scan := self.sensing.to_json()) is not None:
            replace_file(path / SENSITIVITY, checked_text({"scan": scan}))
        if self.home.path is not None and (self.home.path / SCANS).is_dir():
            shutil.copytree(self.home.path / SCANS, path / SCANS)
        replace_file(path / STATE, self.state.to_bytes())


def _raise(error: StoreError) -> NoReturn:
    raise error
