"""Is BokehJS there, which draws the charts, in the version of the Python package?"""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from workbench.doctor.finding import Finding, ok, problem

_FILE = "bokeh/server/static/js/bokeh.min.js"


def check_bokehjs() -> Iterator[Finding]:
    """The library that charts bring to the page; nothing is fetched from a CDN."""
    mend = "pip install --force-reinstall bokeh"
    try:
        bokeh = metadata.distribution("bokeh")
    except metadata.PackageNotFoundError:
        yield problem("BokehJS comes with bokeh, which is not installed", "pip install bokeh")
        return
    path = Path(str(bokeh.locate_file(_FILE)))
    try:
        script = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        yield problem(f"BokehJS cannot be read: {path}: {error}", mend)
        return
    if f'"{bokeh.version}"' in script:
        yield ok(f"BokehJS {bokeh.version}")
    else:
        yield problem(f"BokehJS is of another version than bokeh {bokeh.version}: {path}", mend)
