"""Directories of every format version open, with all that was in them."""

import json
import shutil
from pathlib import Path

import pytest
from store.formats.make_fixture import EXPECTED, summary
from store.formats.subject import Net, dataset

from workbench import Session
from workbench.store.formats import FORMAT_VERSION

FORMATS = Path(__file__).with_name("formats")
VERSIONS = sorted(FORMATS.glob("version-*"))


def test_there_is_a_fixture_of_the_present_format() -> None:
    assert FORMATS / f"version-{FORMAT_VERSION}" in VERSIONS


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_a_directory_of_an_older_version_opens_with_everything(
    version: Path, tmp_path: Path, no_runtimes: None
) -> None:
    home = shutil.copytree(version, tmp_path / "session")
    expected = json.loads((home / EXPECTED).read_text())
    with Session.open(home, Net(), dataset()) as session:
        assert not session.history.damaged and session.notes == ()
        assert json.loads(json.dumps(summary(session))) == expected


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_work_goes_on_in_a_directory_of_an_older_version(
    version: Path, tmp_path: Path, no_runtimes: None
) -> None:
    home = shutil.copytree(version, tmp_path / "session")
    with Session.open(home, Net(), dataset()) as session:
        resumed = session.resume()
        assert len(resumed.epochs) == session.training.runs[-1].epochs == 3
        session.prune()
        steps = tuple(session.history)
    with Session.open(home, Net(), dataset()) as again:
        assert tuple(again.history) == steps
