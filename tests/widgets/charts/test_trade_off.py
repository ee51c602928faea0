from dataclasses import replace

import pytest

from widgets.charts.trade_off import Mark, TradeOffChart, band_data, curve_data, marks_data
from widgets.theme import palette
from workbench.allocation import ALLOCATORS
from workbench.allocation.suggestion import TradeOffPoint
from workbench.estimate import Estimate


def point(macs: float, accuracy: float | None, parameters: float = 0.5) -> TradeOffPoint:
    return TradeOffPoint({"conv": 1 - macs}, {"macs": macs, "parameters": parameters}, accuracy)


POINTS = (point(1.0, 0.98), point(0.5, 0.9, 0.7), point(0.1, 0.2))
DENSE: Mark = {"what": "dense model", "share": 1.0, "accuracy": 0.98, "measured": True, "bar": None}
PLAN: Mark = {"what": "plan", "share": 0.4, "accuracy": 0.8, "measured": False, "bar": (0.7, 0.85)}


def test_a_curve_has_the_share_of_the_metric_asked_for() -> None:
    assert curve_data(POINTS, "macs") == {"share": [1.0, 0.5, 0.1], "accuracy": [0.98, 0.9, 0.2]}
    assert curve_data(POINTS, "parameters")["share"] == [0.5, 0.7, 0.5]


def test_points_without_a_predicted_accuracy_are_left_out() -> None:
    assert curve_data([point(1.0, None)], "macs") == {"share": [], "accuracy": []}
    assert marks_data([{**PLAN, "accuracy": None}])["what"] == []


def test_predictions_are_hollow_and_measurements_are_not() -> None:
    data = marks_data([DENSE, PLAN])
    assert data["fill"] == [1.0, 0.0]
    assert data["source"] == ["measured", "predicted"]
    assert len(set(data["marker"])) == 2


def test_error_bars_span_what_is_predicted_and_nothing_else() -> None:
    data = marks_data([DENSE, PLAN])
    assert (data["low"], data["high"]) == ([0.98, 0.7], [0.98, 0.85])


def test_the_chosen_curve_has_a_band_of_its_colour() -> None:
    barred = tuple(
        replace(point, bar=Estimate(point.accuracy, point.accuracy - 0.1, point.accuracy + 0.02))
        for point in POINTS
        if point.accuracy is not None
    )
    assert band_data(POINTS, "macs") == {"share": [], "low": [], "high": []}
    chart = TradeOffChart()
    chart.update({"best": barred, "uniform": POINTS}, "macs", "MACs", "best", [])
    assert chart.band.data["share"] == [1.0, 0.5, 0.1]
    assert chart.band.data["low"] == pytest.approx([0.88, 0.8, 0.1])
    assert chart._band.glyph.fill_color == chart._lines["best"].glyph.line_color
    chart.update({"best": barred, "uniform": POINTS}, "macs", "MACs", "uniform", [])
    assert chart.band.data["share"] == []


def test_every_allocator_has_a_curve_and_the_chosen_one_stands_out() -> None:
    chart = TradeOffChart()
    chart.update({"best": POINTS, "uniform": POINTS[:2]}, "macs", "MACs", "uniform", [DENSE])
    assert set(chart.curves) == set(ALLOCATORS)
    assert chart.curves["uniform"].data["share"] == [1.0, 0.5]
    assert chart.curves["greedy"].data["share"] == []
    widths = {name: line.glyph.line_width for name, line in chart._lines.items()}
    assert widths["uniform"] > widths["best"]
    assert "MACs kept" in chart.root.xaxis.axis_label
    assert chart.marks.data["what"] == ["dense model"]


def test_an_empty_chart_says_why_and_has_no_legend() -> None:
    chart = TradeOffChart()
    chart.update({"best": POINTS}, "macs", "MACs", "best", [DENSE])
    assert chart.root.legend.visible
    chart.clear("press Scan")
    assert chart.root.title.text == "Trade-off: press Scan"
    assert chart.curves["best"].data["share"] == [] and chart.marks.data["what"] == []
    assert not chart.root.legend.visible


@pytest.mark.parametrize("dark", [True, False])
def test_curves_take_the_colours_of_the_page(dark: bool) -> None:
    chart = TradeOffChart(dark=not dark)
    chart.set_dark(dark)
    colours = [line.glyph.line_color for line in chart._lines.values()]
    assert colours == list(palette(dark).rules)
    assert len(set(colours)) == len(ALLOCATORS)
