from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import GlyphRenderer

from widgets.charts.following import Follower
from widgets.charts.importance import MAX_BARS, Bars, ImportanceChart


def columns(data: dict[str, Any]) -> dict[str, list[object]]:
    return {name: list(column) for name, column in data.items()}


def test_bars_rise_and_carry_their_fate_and_number() -> None:
    bars = Bars.of([0.3, 0.1, 0.2], [True, False, False])
    assert bars.importance.tolist() == [0.1, 0.2, 0.3]
    assert bars.removed.tolist() == [True, True, False]
    assert bars.channels == ("1", "2", "0")
    assert bars.left.tolist() == [0, 1, 2]
    assert bars.right.tolist() == [1, 2, 3]


def test_channels_go_by_their_numbers_in_the_dense_model() -> None:
    assert Bars.of([0.2, 0.1], [True, True], [7, 9]).channels == ("9", "7")


def test_a_hand_picked_channel_stays_where_its_importance_puts_it() -> None:
    bars = Bars.of([0.1, 0.2, 0.3], [True, False, True])
    assert bars.removed.tolist() == [False, True, False]


def test_among_equals_the_removed_come_first() -> None:
    bars = Bars.of([0.5] * 4, [True, False, True, False])
    assert bars.removed.tolist() == [True, True, False, False]


def test_too_many_channels_share_bars() -> None:
    many = 3 * MAX_BARS - 1
    bars = Bars.of([float(i) for i in range(many)], [i >= many / 2 for i in range(many)])
    assert len(bars.left) == MAX_BARS
    assert bars.right[-1] == many
    assert bars.importance[[0, -1]].tolist() == [1.0, many - 1.5]
    assert bars.channels[0] == "0, 1, 2"
    assert bars.removed.sum() == MAX_BARS // 2


def test_what_goes_is_drawn_over_the_outline_of_all_bars() -> None:
    bars = Bars.of([0.1, 0.2, 0.3, 0.4], [False, True, False, True])
    assert columns(bars.outline()) == {
        "rank": [0, 1, 2, 3, 4],
        "importance": [0.1, 0.2, 0.3, 0.4, 0.4],
    }
    assert columns(bars.outline_removed()) == {
        "rank": [0, 1, 2, 3],
        "importance": [0.1, 0, 0.3, 0.3],
    }


def test_a_moving_cut_changes_nothing_but_what_is_drawn_over_the_bars() -> None:
    chart = ImportanceChart(on_drag=print)
    chart.update("conv1", [0.1, 0.2, 0.3], [False, True, True], draggable=True)
    document = Document()
    document.add_root(chart.root)
    changed = set()
    document.on_change(lambda event: changed.add(event.model))
    chart.update("conv1", [0.1, 0.2, 0.3], [False, False, True], draggable=True)
    parts = chart.root.renderers + chart.root.center + chart.root.below
    over = {part for part in parts if part.level == "overlay"}
    sources = {one.data_source for one in over if isinstance(one, GlyphRenderer)}
    assert changed and changed <= over | sources


def test_different_lengths_are_named() -> None:
    with pytest.raises(ValueError, match="got 2, 1 and 2"):
        Bars.of([0.1, 0.2], [True])


def test_an_update_fills_the_source_and_says_what_goes() -> None:
    chart = ImportanceChart()
    scores, kept = [0.3, 0.1, 0.2], [True, False, False]
    chart.update("conv1", scores, kept, already_removed=5, criterion="l1", noun="filters")
    assert columns(chart.source.data) == columns(Bars.of(scores, kept).hovered())
    assert chart.root.title.text == "Importance in conv1"
    assert chart._counted.text == "filters, ascending · 2 of 3 to remove · 5 already gone"
    assert chart._counted in chart.root.below, "where an axis has its label"
    assert chart.root.yaxis[0].axis_label == "importance (l1)"


def test_the_cut_stands_behind_the_last_channel_that_goes() -> None:
    chart = ImportanceChart()
    chart.update("conv1", [0.3, 0.1, 0.2], [True, False, False])
    assert (chart._cut.location, chart._cut.visible) == (2, True)
    chart.update("conv1", [0.3, 0.1, 0.2], [True, True, True])
    assert not chart._cut.visible


def test_clearing_leaves_nothing() -> None:
    chart = ImportanceChart()
    chart.update("conv1", [0.3], [False])
    chart.clear()
    assert not len(chart.source.data["left"])
    assert not chart._cut.visible
    assert chart.root.title.text == "Importance"


def test_areas_have_a_point_even_if_nothing_goes_because_bokeh_would_paint_forever() -> None:
    for bars in (Bars.of([0.1, 0.2], [True, True]), Bars.of([], [])):
        assert columns(bars.outline_removed()) == {"rank": [0], "importance": [0]}
    assert columns(Bars.of([], []).outline()) == {"rank": [0], "importance": [0]}


def test_many_numbers_travel_as_arrays() -> None:
    chart = ImportanceChart()
    chart.update("conv1", [0.3, 0.1], [True, False])
    assert all(isinstance(column, np.ndarray) for column in chart.removed.data.values())


@pytest.mark.parametrize("many", [7, 2 * MAX_BARS])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_what_follows_a_slider_stands_where_the_kernel_draws_it(many: int, share: float) -> None:
    chart = ImportanceChart(on_drag=print)
    importances = [float(number) for number in range(many)]
    going = [0, min(int(many * share) | 1, many - 1), many - 1]  # an odd number: half a bar

    def draw(count: int) -> None:
        kept = [number >= count for number in range(many)]
        chart.update("unit", importances, kept, already_removed=2, draggable=True)

    draw(1)
    followers = chart.followers(going)
    draw(going[1])
    for follower in followers:
        if isinstance(follower, Follower):
            assert getattr(follower.model, follower.name) == follower.values[1], follower.name
        else:
            steps = follower.steps[1]
            drawn, whole = columns(follower.source.data), columns(follower.of.data)
            assert drawn["rank"] == whole["rank"][: steps + 1]
            assert drawn["importance"][:steps] == whole["importance"][:steps]


def test_nothing_follows_where_nothing_is_shown() -> None:
    assert ImportanceChart().followers([0, 1]) == ()
