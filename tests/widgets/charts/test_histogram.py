import math

import pytest

from widgets.charts.histogram import WeightHistogram, histogram_data, threshold_data
from widgets.theme import palette

EDGES = [-2.0, -1.0, 0.0, 1.0, 2.0]
COUNTS = [1, 5, 6, 2]


def test_without_a_threshold_every_bin_is_one_kept_bar() -> None:
    data = histogram_data(EDGES, COUNTS, None)
    assert data["left"] == EDGES[:-1]
    assert data["right"] == EDGES[1:]
    assert data["count"] == COUNTS
    assert set(data["state"]) == {"kept"}


def test_a_threshold_cuts_the_bins_it_passes_through() -> None:
    data = histogram_data(EDGES, COUNTS, 0.25)
    assert list(zip(data["left"], data["right"], data["count"], data["state"], strict=True)) == [
        (-2.0, -1.0, 1, "kept"),
        (-1.0, -0.25, 5, "kept"),
        (-0.25, 0.0, 5, "removed"),
        (0.0, 0.25, 6, "removed"),
        (0.25, 1.0, 6, "kept"),
        (1.0, 2.0, 2, "kept"),
    ]


def test_a_threshold_on_an_edge_cuts_no_bin() -> None:
    data = histogram_data(EDGES, COUNTS, 1.0)
    assert data["state"] == ["kept", "removed", "removed", "kept"]


def test_a_bin_around_zero_is_cut_on_both_sides() -> None:
    data = histogram_data([-1.0, 1.0], [9], 0.5)
    assert data["state"] == ["kept", "removed", "kept"]
    assert data["left"] == [-1.0, -0.5, 0.5]


def test_cut_bins_keep_the_whole_range_in_words() -> None:
    data = histogram_data([-1.0, 1.0], [9], 0.5)
    assert data["range"] == ["-1 to 1"] * 3


def test_a_wrong_number_of_edges_is_named() -> None:
    with pytest.raises(ValueError, match="4 counts needs 5 edges, got 4"):
        histogram_data(EDGES[:-1], COUNTS, None)


@pytest.mark.parametrize("threshold", [None, 0.0, math.nan, math.inf])
def test_no_lines_without_a_threshold(threshold: float | None) -> None:
    assert threshold_data(COUNTS, threshold) == {"x": [], "top": []}


def test_lines_stand_at_both_sides_as_high_as_the_tallest_bar() -> None:
    assert threshold_data(COUNTS, 0.25) == {"x": [-0.25, 0.25], "top": [6, 6]}


def test_an_update_fills_the_sources_and_names_the_layer() -> None:
    chart = WeightHistogram()
    chart.update("layer1.conv1", EDGES, COUNTS, 0.25)
    assert chart.source.data == histogram_data(EDGES, COUNTS, 0.25)
    assert chart.lines.data["x"] == [-0.25, 0.25]
    assert chart.root.title.text == "Weights of layer1.conv1"


def test_a_long_name_keeps_its_end() -> None:
    chart = WeightHistogram()
    chart.update("features.denseblock1.denselayer6.conv2", EDGES, COUNTS)
    assert chart.root.title.text == "Weights of …denseblock1.denselayer6.conv2"


def test_clearing_leaves_nothing() -> None:
    chart = WeightHistogram()
    chart.update("layer1.conv1", EDGES, COUNTS, 0.25)
    chart.clear()
    assert chart.source.data["left"] == []
    assert chart.lines.data["x"] == []
    assert chart.root.title.text == "Weights"


@pytest.mark.parametrize("dark", [True, False])
def test_bars_take_the_colours_of_the_page(dark: bool) -> None:
    chart = WeightHistogram(dark=not dark)
    chart.set_dark(dark)
    colours = palette(dark)
    fill = chart.root.renderers[0].glyph.fill_color
    assert list(fill.transform.palette) == [colours.kept, colours.removed]
    assert chart.root.title.text_color == colours.ink
