"""What a chart tells its document, and so the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from bokeh.document import Document

from widgets.charts import (
    Chart,
    ImportanceChart,
    ParetoChart,
    RecoveryChart,
    WeightHistogram,
    WeightsBesideChart,
)

STEP = {"id": 0, "title": "dense", "kind": "open", "accuracy": 0.9, "cost": 4e5, "cost_text": ""}
AXIS = {"title": "size", "unit": "kB", "per_unit": 1e3, "target": 3e5}
RUN = {"label": "run", "losses": [(0.5, 1.0)], "accuracies": [(1.0, 0.9)]}

CHARTS: list[tuple[Callable[[], Any], tuple[Any, ...]]] = [
    (WeightHistogram, ("conv1", [-1.0, 0.0, 1.0], [2, 3], 0.5)),
    (ImportanceChart, ("conv1", [0.1, 0.2], [False, True])),
    (RecoveryChart, ([RUN, RUN], 0.95)),
    (ParetoChart, ([STEP], AXIS, [0], 0.8)),
    (WeightsBesideChart, ("conv1", [-1.0, 0.0, 1.0], [2, 3], [1, 2])),
]


def listen(chart: Chart) -> list[str]:
    """Kinds of the events of the chart's document, from now on."""
    document = Document()
    document.add_root(chart.root)
    events: list[str] = []
    document.on_change(lambda event: events.append(type(event).__name__))
    return events


@pytest.mark.parametrize(("make", "arguments"), CHARTS)
def test_an_update_assigns_each_source_once_and_the_same_again_says_nothing(
    make: Callable[[], Any], arguments: tuple[Any, ...]
) -> None:
    chart = make()
    events = listen(chart)
    chart.update(*arguments)
    assert 1 <= events.count("ColumnDataChangedEvent") <= 3  # never more than three sources
    events.clear()
    chart.update(*arguments)
    assert events == []
