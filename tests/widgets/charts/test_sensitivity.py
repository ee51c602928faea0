import itertools

import pytest

from widgets.charts.sensitivity import SensitivityChart, curve_data, points_data
from workbench.sensitivity import Point


def point(ratio: float, accuracy: float) -> Point:
    return Point("conv", ratio, ratio, 5, 10, accuracy, 1.0, 64, 64)


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


def test_a_chart_without_figures_says_why() -> None:
    chart = SensitivityChart()
    chart.update("conv", POINTS, 0.95, 0.4)
    chart.clear("not measured; press Scan")
    assert chart.root.title.text == "Sensitivity: not measured; press Scan"
    assert chart.source.data["ratio"] == [] and chart.curve.data["ratio"] == []
