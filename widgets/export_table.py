"""What an export wrote, as a table of a page: every file with its figures, and small ones to take.

Names of files and formats are escaped; contents of files are there as base64 only.
"""

import base64
import html
from collections.abc import Iterable
from pathlib import Path

from widgets import wording
from workbench.export.package import Exported, ExportReport

MOST_LINKED_BYTES = 2**19
"""Files travel with the table up to this size together, so that the page can save them by itself.

The table is sent again whenever a page is reloaded, with everything else that is shown.
"""

_HEADINGS = ("format", "size", "accuracy", "largest difference", "latency", "files")


def export_table(report: ExportReport) -> str:
    """The table as HTML."""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    links = _Links(report.directory)
    rows = "".join(_row(links, one) for one in report.exported)
    listed = {name for one in report.exported for name in one.files}
    others = links.to(name for name in report.files if name not in listed)
    return (
        f"<p>Written to <b>{html.escape(str(report.directory))}</b>; every file was opened again "
        f"and run on {report.check.inputs:,} test inputs.</p>"
        f'<table class="pw-export-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f"<p>{others}</p>"
    )


def _row(links: "_Links", one: Exported) -> str:
    check, latency = one.check, one.latency_ms
    cells = (
        wording.size(one.size_bytes),
        "" if check.accuracy is None else wording.percent(check.accuracy),
        f"{check.max_difference:.1e}" if check.max_difference else "none",
        "" if latency is None else wording.milliseconds(latency.median_ms),
    )
    hints = html.escape("; ".join((check.verdict, *one.notes)))
    return (
        f'<tr title="{hints}"><th>{html.escape(one.title)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + f"<td>{links.to(one.files)}</td></tr>"
    )


class _Links:
    """Links that save files, as long as there is room for them in the table.

    Args:
        directory: Where the files are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory, self._room = directory, MOST_LINKED_BYTES

    def to(self, names: Iterable[str]) -> str:
        """A link to every file, or its name where it is too large or gone."""
        return " ".join(self._link(self._directory / name) for name in names)

    def _link(self, path: Path) -> str:
        name = html.escape(path.name)
        try:
            size = path.stat().st_size
            if size > self._room:
                return f'<span title="In the directory; too large to save from here">{name}</span>'
            data = base64.b64encode(path.read_bytes()).decode()
        except OSError:
            return f"<span>{name}</span>"
        self._room -= size
        return f'<a download="{name}" href="data:application/octet-stream;base64,{data}">{name}</a>'
