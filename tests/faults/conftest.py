"""Fixtures of the fault suite, and its table at the end."""

import random
from pathlib import Path

import pytest
from faults.killing import Killer, table

_KILLERS = pytest.StashKey[list[Killer]]()


@pytest.fixture
def killer(tmp_path: Path, no_runtimes: None, request: pytest.FixtureRequest) -> Killer:
    seed = random.SystemRandom().randrange(2**32)
    killer = Killer(tmp_path / "session", tmp_path / "export", random.Random(seed))
    request.config.stash.setdefault(_KILLERS, []).append(killer)
    return killer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for killer in terminalreporter.config.stash.get(_KILLERS, []):
        terminalreporter.section("what SIGKILL left")
        terminalreporter.write_line(table(killer.kills))
