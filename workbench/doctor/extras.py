"""Which optional parts are there? None has to be."""

from collections.abc import Iterator

from workbench.doctor.finding import Finding, ok, warning
from workbench.doctor.requirements import (
    Requirements,
    installed,
    pip_argument,
    satisfied,
)

_FOR = {
    "app": "a stand-alone app",
    "dask": "sensitivity scans over a cluster",
    "dataframe": "the history as a pandas table",
    "remote": "devices over SSH",
    "test": "the tests",
    "tflite": "export to TFLite",
}


def check_extras(wanted: Requirements | None = None) -> Iterator[Finding]:
    """Every optional part: there, not there, or there in versions that do not fit."""
    wanted = wanted or Requirements()
    for extra, requirements in wanted.extras.items():
        versions = {one.name: installed(one) for one in requirements}
        purpose = f"{extra}, for {_FOR[extra]}" if extra in _FOR else extra
        if missing := [name for name, version in versions.items() if version is None]:
            yield ok(
                f"extra {purpose}: not installed ({', '.join(missing)} missing); if you want it: "
                f"{wanted.install(extra)}"
            )
            continue
        unfit = [
            one
            for one in requirements
            if (version := versions[one.name]) and not satisfied(one, version)
        ]
        for one in unfit:
            yield warning(
                f"extra {purpose}: {one.name} {versions[one.name]}, where {one.specifier} is "
                "needed",
                f"pip install {pip_argument(one)}",
            )
        if not unfit:
            yield ok(f"extra {purpose}")
