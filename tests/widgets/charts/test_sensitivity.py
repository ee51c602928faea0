import itertools

import pytest
from bokeh.document import Document

from widgets.charts.sensitivity import SensitivityChart, curve_data, estimate_data, points_data
from workbench.sensitivity import GradientCurve, Point


def point(ratio: float, accuracy: float) -> Point:
    return Point("conv", ratio, ratio, 5, 10, accuracy, 1.0, 64, 64, 0.1)


POINTS = (point(0.25, 0.9), point(0.5, 0.92), point(0.75, 0.1))


def test_points_are_shown_as_they_were_measured() -> None:
    data = points_data(POINTS)
    assert data["ratio"] == [0.25, 0.5, 0.75]
    assert data["accuracy"] == [0.9, 0.92, 0.1]
    assert data["source"][0] == "measured on 64 inputs"


def test_the_curve_starts_at_the_whole_model_and_never_rises() -> None:
    data = curve_data(POINTS, 0.95)
    accuracies = [float(str(value)) for value in data["accuracy"]]
    assert accuracies[0] == pytest.approx(0.95)
    assert accuracies[-1] == pytest.approx(0.1)
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(accuracies))


def test_the_chart_marks_where_the_slider_stands() -> None:
    chart = SensitivityChart()
    chart.update("conv", POINTS, 0.95, 0.4)
    assert "Sensitivity of conv" in chart.root.title.text
    assert (chart._now.location, chart._now.visible) == (0.4, True)
    chart.update("conv", POINTS, 0.95, 0.0)
    assert not chart._now.visible


ESTIMATE = GradientCurve("conv", (0.25, 0.5), (0.1, 0.3))


def test_an_estimate_is_drawn_apart_and_says_what_it_is() -> None:
    assert estimate_data(ESTIMATE) == {"ratio": [0.0, 0.25, 0.5], "change": [0.0, 0.1, 0.3]}
    chart = SensitivityChart()
    chart.update("conv", POINTS, 0.95, 0.4)
    chart.estimate(ESTIMATE, 0.6, 0.4)
    assert chart.root.title.text == "Sensitivity of conv: estimate (gradients)"
    assert chart.root.yaxis[0].axis_label == "score change", "it is no accuracy"
    assert chart.root.y_range.end == pytest.approx(0.6, rel=0.05), "one scale for all units"
    assert chart.source.data["ratio"] == [], "nothing that looks measured"
    assert chart._dashes.glyph.line_dash and chart._rings.glyph.fill_alpha == 0


def test_points_that_are_measured_take_the_estimates_place() -> None:
    chart = SensitivityChart()
    chart.estimate(ESTIMATE, 0.6, 0.4)
    chart.update("conv", POINTS, 0.95, 0.4)
    assert chart.estimated.data["ratio"] == []
    assert chart.root.yaxis[0].axis_label == "probe accuracy"
    assert chart.root.y_range.end == pytest.approx(1.04)


def test_an_estimate_that_is_drawn_already_says_nothing() -> None:
    chart = SensitivityChart()
    chart.estimate(ESTIMATE, 0.6, 0.4)
    document, events = Document(), list[object]()
    document.add_root(chart.root)
    document.on_change(events.append)
    chart.estimate(ESTIMATE, 0.6, 0.4)
    assert events == []


def test_a_chart_without_figures_says_why() -> None:
    chart = SensitivityChart()
    chart.estimate(ESTIMATE, 0.6, 0.4)
    chart.update("conv", POINTS, 0.95, 0.4)
    chart.clear("not measured; press Scan")
    assert chart.root.title.text == "Sensitivity: not measured; press Scan"
    assert chart.source.data["ratio"] == [] and chart.curve.data["ratio"] == []


def test_its_line_follows_the_slider_once_there_is_a_curve() -> None:
    chart = SensitivityChart()
    assert chart.followers([0.0, 0.5]) == ()
    chart.update("conv", POINTS, 0.95, 0.4)
    values = {follower.name: follower.values for follower in chart.followers([0.0, 0.5])}
    assert values == {"location": [0.0, 0.5], "visible": [False, True]}
