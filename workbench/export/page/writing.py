"""The report as one HTML file: styles and charts inside, nothing fetched, no script at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench.export.page import words
from workbench.export.page.board import board_rows
from workbench.export.page.charts import MOST_UNITS, accuracy_line, size_bars, unit_bars
from workbench.export.report import Exported
from workbench.export.story import Story

# Autoescape: names of layers, classes and files are foreign text.
_ENVIRONMENT = Environment(
    loader=PackageLoader("workbench.export.page", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["words"] = words


def report_html(story: Story, exported: Sequence[Exported], facts: Mapping[str, Any]) -> str:
    """The page.

    Args:
        story: How the model came about.
        exported: What was written, checked and timed.
        facts: What `report_facts` made of them.
    """
    dense, now = story.chapters[0].metrics, story.chapters[-1].metrics
    pruned = [chapter for chapter in story.chapters if chapter.units]
    units = pruned[-1].units if pruned else ()
    return _ENVIRONMENT.get_template("report.html.jinja").render(
        story=story,
        exported=exported,
        facts=facts,
        dense=dense,
        now=now,
        rows=board_rows(dense, now, story.targets),
        sizes=size_bars(dense.size_bytes, exported),
        units=unit_bars(units),
        units_left_out=max(0, len(units) - MOST_UNITS),
        line=accuracy_line(story.chapters),
    )
