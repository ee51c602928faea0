"""constraints.txt pins what pyproject.toml asks for, to versions that it allows."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in parsed}


def requirements(*extras: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return project["dependencies"] + chosen


@pytest.mark.parametrize("line", requirements("test", "tflite", "dask", "dataframe"))
def test_every_requirement_is_pinned_to_a_version_it_allows(line: str) -> None:
    requirement = Requirement(line)
    (pin,) = pins()[canonicalize_name(requirement.name)].specifier
    assert requirement.specifier.contains(pin.version)


@pytest.mark.parametrize("pin", pins().values(), ids=str)
def test_every_pin_is_one_exact_public_version(pin: Requirement) -> None:
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    assert "+" not in specifier.version  # +cpu and +cu130 builds must both satisfy it
    assert "*" not in specifier.version
    assert pin.url is None
