"""Are Python, the workbench and what it needs there, in versions that fit?"""

import platform
from collections.abc import Iterator
from importlib import metadata

from packaging.specifiers import SpecifierSet

from workbench.doctor.finding import Finding, ok, problem, warning
from workbench.doctor.requirements import (
    DISTRIBUTION,
    Requirements,
    installed,
    pip_argument,
    satisfied,
)
from workbench.version import __version__


def check_python(wanted: Requirements | None = None) -> Iterator[Finding]:
    """The version of Python itself."""
    asked, version = (wanted or Requirements()).python, platform.python_version()
    if SpecifierSet(asked).contains(version, prereleases=True):
        yield ok(f"Python {version}")
    else:
        yield problem(
            f"Python {version}, where {asked} is needed",
            "Make the environment again with a newer Python: make PYTHON=/path/to/python3.11",
        )


def check_workbench(wanted: Requirements | None = None) -> Iterator[Finding]:
    """Whether pip knows the workbench, and the same one."""
    wanted = wanted or Requirements()
    install = wanted.install()
    where = f" in {wanted.root}" if wanted.is_checkout else ""
    try:
        noted = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        yield warning(
            f"{DISTRIBUTION} {__version__}{where} runs from its sources; pip does not know it",
            f"{install}, so that JupyterLab has its front end and the command is on the path",
        )
        return
    if noted == __version__:
        yield ok(f"{DISTRIBUTION} {__version__}{where}")
    else:
        yield warning(f"{DISTRIBUTION} {__version__}{where}, installed as {noted}", install)


def check_packages(wanted: Requirements | None = None) -> Iterator[Finding]:
    """Every package that the workbench cannot do without."""
    for requirement in (wanted or Requirements()).required:
        version, mend = installed(requirement), f"pip install {pip_argument(requirement)}"
        if version is None:
            yield problem(f"{requirement.name} is not installed", mend)
        elif satisfied(requirement, version):
            yield ok(f"{requirement.name} {version}")
        else:
            yield problem(
                f"{requirement.name} {version}, where {requirement.specifier} is needed", mend
            )
