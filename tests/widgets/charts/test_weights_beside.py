import pytest

from widgets.charts.weights_beside import WeightsBesideChart, bins_data
from widgets.theme import palette


def test_both_steps_share_the_bins() -> None:
    data = bins_data([-1, 0, 1], [3, 4], [1, 2])
    assert (data["left"], data["middle"], data["right"]) == ([-1, 0], [-0.5, 0.5], [0, 1])
    assert (data["first"], data["second"]) == ([3, 4], [1, 2])
    assert data["range"] == ["-1 to 0", "0 to 1"]


def test_counts_must_fit_the_edges() -> None:
    with pytest.raises(ValueError, match="3 edges need 2 counts of each step, got 2 and 1"):
        bins_data([-1, 0, 1], [3, 4], [1])


def test_a_chart_names_its_layer_and_can_be_emptied() -> None:
    chart = WeightsBesideChart()
    chart.update("conv1", [-1, 0, 1], [3, 4], [1, 2])
    assert chart.root.title.text == "Weights of conv1"
    assert chart.source.data["second"] == [1, 2]
    chart.clear()
    assert (chart.root.title.text, chart.source.data["left"]) == ("Weights", [])


@pytest.mark.parametrize("dark", [True, False])
def test_the_steps_take_the_colours_of_the_page(dark: bool) -> None:
    chart = WeightsBesideChart(dark=not dark)
    chart.set_dark(dark)
    assert chart._second.glyph.line_color == palette(dark).kept
    assert chart._first.glyph.fill_color == palette(dark).soft
