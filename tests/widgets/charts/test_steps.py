import math

import pytest

from widgets.charts.steps import StepFigures, StepsChart, size_unit, steps_data
from widgets.theme import palette

DENSE = StepFigures(
    id="a",
    label="dense",
    accuracy=0.99,
    size_bytes=400_000,
    latency_ms=0.5,
    latency_p10_ms=0.4,
    latency_p90_ms=0.7,
)
PRUNED = StepFigures(
    id="b",
    label="prune",
    accuracy=0.9,
    size_bytes=200_000,
    latency_ms=None,
    latency_p10_ms=None,
    latency_p90_ms=None,
)


def test_figures_come_in_the_units_of_the_axes() -> None:
    data = steps_data([DENSE, PRUNED])
    assert data["step"] == [0, 1]
    assert data["label"] == ["dense", "prune"]
    assert data["accuracy"] == [99.0, 90.0]
    assert data["size"] == [400.0, 200.0]
    assert (data["low"][0], data["latency"][0], data["high"][0]) == (0.4, 0.5, 0.7)


def test_what_was_not_measured_is_not_drawn() -> None:
    data = steps_data([DENSE, PRUNED])
    assert all(math.isnan(data[name][1]) for name in ("latency", "low", "high"))


def test_only_the_current_step_wears_a_ring() -> None:
    assert [bool(size) for size in steps_data([DENSE, PRUNED], "b")["ring"]] == [False, True]
    assert steps_data([DENSE, PRUNED], "gone")["ring"] == [0, 0]


def test_the_size_axis_suits_the_largest_size() -> None:
    assert size_unit([DENSE, PRUNED])[0] == "kB"
    assert size_unit([StepFigures(**{**DENSE, "size_bytes": 1_080_000})]) == ("MB", 1e6)
    assert size_unit([])[0] == "kB"


def test_an_update_fills_the_one_source_of_all_panels() -> None:
    chart = StepsChart()
    chart.update([DENSE, PRUNED], "b")
    assert chart.source.data["accuracy"] == [99.0, 90.0]
    assert {mark.data_source for panel in chart.panels for mark in panel.renderers} == {
        chart.source
    }


def test_panels_share_the_axis_of_steps() -> None:
    chart = StepsChart()
    assert len({panel.x_range.id for panel in chart.panels}) == 1


def test_the_size_axis_is_labelled_with_its_unit() -> None:
    chart = StepsChart()
    chart.update([StepFigures(**{**DENSE, "size_bytes": 1_080_000})])
    assert chart.size.yaxis[0].axis_label == "size (MB)"


@pytest.mark.parametrize("dark", [True, False])
def test_every_panel_takes_the_colours_of_the_page(dark: bool) -> None:
    chart = StepsChart(dark=not dark)
    chart.set_dark(dark)
    colours = palette(dark)
    lines = [panel.renderers[0].glyph.line_color for panel in chart.panels]
    assert lines == [colours.accuracy, colours.size, colours.latency]
