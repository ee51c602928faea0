"""What the workbench asks of other packages, and what there is."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

DISTRIBUTION = "pruning-workbench"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Requirements:
    """Those of the sources, where this is a checkout; else those that pip noted.

    Attributes:
        root: Where ``pyproject.toml`` may lie.
    """

    root: Path = ROOT

    @property
    def python(self) -> str:
        """Versions of Python that will do, such as ``">=3.11"``."""
        return str(self._project.get("requires-python", ""))

    @property
    def required(self) -> list[Requirement]:
        """Packages that it cannot do without."""
        return [Requirement(line) for line in self._project.get("dependencies", ())]

    @property
    def extras(self) -> dict[str, list[Requirement]]:
        """Packages of its optional parts, by the part's name."""
        found = self._project.get("optional-dependencies", {})
        return {name: [Requirement(line) for line in lines] for name, lines in found.items()}

    @property
    def is_checkout(self) -> bool:
        """Whether the sources are at hand, not only what pip installed."""
        return self._sources.is_file()

    def install(self, extra: str = "") -> str:
        """The command that installs the workbench, with one of its optional parts."""
        what = f"[{extra}]" if extra else ""
        return (
            f"pip install -e '.{what}'"
            if self.is_checkout
            else (f"pip install '{DISTRIBUTION}{what}'")
        )

    @property
    def _sources(self) -> Path:
        return self.root / "pyproject.toml"

    @cached_property
    def _project(self) -> dict[str, Any]:
        if self.is_checkout:
            found = tomllib.loads(self._sources.read_text(encoding="utf-8"))["project"]
            return dict(found)
        return _noted_by_pip()


def installed(requirement: Requirement) -> str | None:
    """The version of a package that is installed, or None."""
    try:
        return metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None


def satisfied(requirement: Requirement, version: str) -> bool:
    """Whether a version will do; a pre-release does, as somebody chose it."""
    return requirement.specifier.contains(version, prereleases=True)


def pip_argument(requirement: Requirement) -> str:
    """As pip takes it, quoted for a shell."""
    return f"'{requirement.name}{requirement.specifier}'"


def _noted_by_pip() -> dict[str, Any]:
    """What a distribution says, in the shape of ``pyproject.toml``."""
    noted = metadata.metadata(DISTRIBUTION)
    lines = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or ()]
    return {
        "requires-python": "".join(noted.get_all("Requires-Python") or ()),
        "dependencies": list(_of_extra(lines, "")),
        "optional-dependencies": {
            extra: list(_of_extra(lines, extra)) for extra in noted.get_all("Provides-Extra") or ()
        },
    }


def _of_extra(lines: list[Requirement], extra: str) -> Iterator[str]:
    for line in lines:
        if line.marker is None or "extra" not in str(line.marker):
            wanted = not extra and (line.marker is None or line.marker.evaluate())
        else:
            wanted = bool(extra) and line.marker.evaluate({"extra": extra})
        if wanted:
            yield f"{line.name}{line.specifier}"
