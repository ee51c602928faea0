"""What an export wrote, as a table of a page: every file with its figures, and small ones to take.

Names of files and formats are escaped; nothing here comes from a file's contents.
"""

import base64
import html
from pathlib import Path

from widgets import wording
from workbench.export.package import Exported, ExportReport

LARGEST_LINK_BYTES = 2**20
"""Files up to this size travel with the table, so that the page can save them by itself."""

_HEADINGS = ("format", "size", "accuracy", "largest difference", "latency", "files")


def export_table(report: ExportReport) -> str:
    """The table as HTML."""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    rows = "".join(_row(report, one) for one in report.exported)
    listed = {name for one in report.exported for name in one.files}
    others = " ".join(_link(report.directory / name) for name in report.files if name not in listed)
    return (
        f"<p>Written to <b>{html.escape(str(report.directory))}</b>; every file was opened again "
        f"and run on {report.check.inputs:,} test inputs.</p>"
        f'<table class="pw-export-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f"<p>{others}</p>"
    )


def _row(report: ExportReport, one: Exported) -> str:
    check, latency = one.check, one.latency_ms
    cells = (
        wording.size(one.size_bytes),
        "" if check.accuracy is None else wording.percent(check.accuracy),
        f"{check.max_difference:.1e}" if check.max_difference else "none",
        "" if latency is None else wording.milliseconds(latency.median_ms),
    )
    hints = html.escape("; ".join((check.verdict, *one.notes)))
    links = " ".join(_link(report.directory / name) for name in one.files)
    return (
        f'<tr title="{hints}"><th>{html.escape(one.title)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + f"<td>{links}</td></tr>"
    )


def _link(path: Path) -> str:
    """A link that saves the file, or its name where it is too large or gone."""
    name = html.escape(path.name)
    try:
        if path.stat().st_size > LARGEST_LINK_BYTES:
            return f'<span title="In the directory; too large to save from here">{name}</span>'
        data = base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return f"<span>{name}</span>"
    return f'<a download="{name}" href="data:application/octet-stream;base64,{data}">{name}</a>'
