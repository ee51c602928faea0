import pytest

from widgets.charts.importance import MAX_BARS, ImportanceChart, importance_data


def test_bars_rise_and_carry_their_fate_and_number() -> None:
    data = importance_data([0.3, 0.1, 0.2], [True, False, False])
    assert data["importance"] == [0.1, 0.2, 0.3]
    assert data["state"] == ["removed", "removed", "kept"]
    assert data["channels"] == ["1", "2", "0"]
    assert data["left"] == [0, 1, 2]
    assert data["right"] == [1, 2, 3]


def test_channels_go_by_their_numbers_in_the_dense_model() -> None:
    assert importance_data([0.2, 0.1], [True, True], [7, 9])["channels"] == ["9", "7"]


def test_a_hand_picked_channel_stays_where_its_importance_puts_it() -> None:
    data = importance_data([0.1, 0.2, 0.3], [True, False, True])
    assert data["state"] == ["kept", "removed", "kept"]


def test_among_equals_the_removed_come_first() -> None:
    assert importance_data([0.5] * 4, [True, False, True, False])["state"] == [
        "removed",
        "removed",
        "kept",
        "kept",
    ]


def test_too_many_channels_share_bars() -> None:
    many = 3 * MAX_BARS
    data = importance_data([float(i) for i in range(many)], [i >= many / 2 for i in range(many)])
    assert len(data["left"]) == MAX_BARS
    assert data["right"][-1] == many
    assert data["importance"][0] == 1.0
    assert data["channels"][0] == "0, 1, 2"
    assert data["state"].count("removed") == MAX_BARS // 2


def test_different_lengths_are_named() -> None:
    with pytest.raises(ValueError, match="got 2, 1 and 2"):
        importance_data([0.1, 0.2], [True])


def test_an_update_fills_the_source_and_says_what_goes() -> None:
    chart = ImportanceChart()
    scores, kept = [0.3, 0.1, 0.2], [True, False, False]
    chart.update("conv1", scores, kept, already_removed=5, criterion="l1", noun="filters")
    assert chart.source.data == importance_data(scores, kept)
    assert chart.root.title.text == "Importance in conv1"
    assert chart.root.xaxis[0].axis_label == (
        "filters, ascending · 2 of 3 to remove · 5 already gone"
    )
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
    assert chart.source.data["left"] == []
    assert not chart._cut.visible
    assert chart.root.title.text == "Importance"
