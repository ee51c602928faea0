"""The doctor on packages: there, missing, too old; needed, or optional."""

from importlib import metadata
from pathlib import Path

import pytest

from workbench.doctor.extras import check_extras
from workbench.doctor.finding import State
from workbench.doctor.packages import check_packages, check_python, check_workbench
from workbench.doctor.requirements import Requirements
from workbench.version import __version__

PROJECT = """
[project]
requires-python = ">=3.99"
dependencies = ["torch>=2.0", "numpy>=99.1", "no-such-package>=1.5"]

[project.optional-dependencies]
whole = ["torch"]
lacking = ["torch", "no-such-package"]
old = ["numpy>=99.1"]
"""


@pytest.fixture
def asked(tmp_path: Path) -> Requirements:
    """A project that this environment serves in part."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return Requirements(tmp_path)


def test_packages_are_there_or_missing_or_too_old_and_each_says_how_to_mend_it(
    asked: Requirements,
) -> None:
    fit, old, missing = check_packages(asked)
    assert (fit.state, fit.text) == (State.OK, f"torch {metadata.version('torch')}")
    assert old.state is State.PROBLEM
    assert old.text == f"numpy {metadata.version('numpy')}, where >=99.1 is needed"
    assert old.remedy == "pip install 'numpy>=99.1'"
    assert (missing.state, missing.text) == (State.PROBLEM, "no-such-package is not installed")
    assert missing.remedy == "pip install 'no-such-package>=1.5'"


def test_a_python_that_is_too_old_is_a_problem(asked: Requirements) -> None:
    (found,) = check_python(asked)
    assert found.state is State.PROBLEM and "where >=3.99 is needed" in found.text
    assert found.remedy


def test_optional_parts_are_no_fault_unless_they_are_there_and_too_old(
    asked: Requirements,
) -> None:
    whole, lacking, old = check_extras(asked)
    assert (whole.state, whole.text) == (State.OK, "extra whole")
    assert lacking.state is State.OK and "(no-such-package missing)" in lacking.text
    assert "pip install -e '.[lacking]'" in lacking.text
    assert old.state is State.WARNING and old.remedy == "pip install 'numpy>=99.1'"


def test_this_environment_has_what_the_project_asks_for() -> None:
    findings = [*check_python(), *check_packages()]
    assert [one for one in findings if one.state is not State.OK] == []
    assert len(findings) > 15


def test_without_sources_what_pip_noted_counts(tmp_path: Path) -> None:
    noted = Requirements(tmp_path)
    assert not noted.is_checkout
    assert {"torch", "bokeh"} <= {one.name for one in noted.required}
    assert "pytest" not in {one.name for one in noted.required}
    assert "pytest" in {one.name for one in noted.extras["test"]}
    assert noted.install("test") == "pip install 'pruning-workbench[test]'"


@pytest.mark.parametrize(
    ("version", "state", "words"),
    [
        (__version__, State.OK, "pruning-workbench"),
        ("0.0.1", State.WARNING, "installed as 0.0.1"),
        (None, State.WARNING, "pip does not know it"),
    ],
)
def test_an_older_or_no_installation_of_the_workbench_is_seen(
    monkeypatch: pytest.MonkeyPatch, version: str | None, state: State, words: str
) -> None:
    def installed(name: str) -> str:
        if version is None:
            raise metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(metadata, "version", installed)
    (found,) = check_workbench()
    assert found.state is state and words in found.text
    assert bool(found.remedy) == (state is not State.OK)
