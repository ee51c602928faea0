"""environment.yml says the same as pyproject.toml, to people who use conda."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def environment() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "environment.yml").read_text())


def bounds(requirements: list[str]) -> dict[str, str]:
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(one.name): str(one.specifier) for one in parsed}


def conda_entries() -> list[str]:
    return [entry for entry in environment()["dependencies"] if isinstance(entry, str)]


def pip_entries() -> list[str]:
    (section,) = [entry for entry in environment()["dependencies"] if isinstance(entry, dict)]
    return section["pip"]


def test_it_lists_the_core_dependencies_with_the_same_bounds() -> None:
    conda = [entry for entry in conda_entries() if not entry.startswith(("python=", "pip"))]
    pip = [entry for entry in pip_entries() if not entry.startswith("-")]
    assert bounds(conda + pip) == bounds(project()["dependencies"])


def test_nothing_is_listed_twice() -> None:
    names = [
        canonicalize_name(Requirement(line).name)
        for line in conda_entries() + pip_entries()
        if not line.startswith(("-", "python="))
    ]
    assert sorted(names) == sorted(set(names))


def test_its_python_is_the_oldest_that_the_project_supports() -> None:
    (python,) = [entry for entry in conda_entries() if entry.startswith("python=")]
    assert project()["requires-python"] == python.replace("python=", ">=")


def test_it_installs_the_workbench_itself_from_this_directory() -> None:
    assert [entry for entry in pip_entries() if entry.startswith("-")] == ["-e ."]
    assert "pip" in conda_entries()


def test_packages_come_from_conda_forge_only() -> None:
    assert environment()["channels"] == ["conda-forge"]


@pytest.mark.parametrize("line", ["jupyter_client>=8.0", "Jupyter-Client >= 8.0"])
def test_the_comparison_sees_names_and_bounds_not_spelling(line: str) -> None:
    assert bounds([line]) == {"jupyter-client": ">=8.0"}
