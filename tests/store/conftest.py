"""Fixtures of the tests of stored sessions."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toys import toy_data, toy_net

from workbench import Session

Reopen = Callable[..., Session]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a session is kept."""
    return tmp_path / "pruning"


@pytest.fixture
def kept(home: Path, no_runtimes: None) -> Iterator[Reopen]:
    """Opens the session on the toys that is kept in `home`; closes what was opened before."""
    opened: list[Session] = []

    def reopen(**settings: object) -> Session:
        for session in opened:
            session.close()
        opened.append(Session(toy_net(), toy_data(), directory=home, **settings))
        assert opened[-1].baseline.accuracy is not None
        return opened[-1]

    yield reopen
    for session in opened:
        session.close()
