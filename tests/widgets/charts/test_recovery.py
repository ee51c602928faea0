import math

import numpy as np
import pytest

from widgets.charts.recovery import (
    RecoveryChart,
    RecoveryRun,
    accuracy_data,
    accuracy_range,
    loss_data,
    planned_epochs,
)
from widgets.theme import palette

FIRST = RecoveryRun(
    label="first", losses=[(0.5, 2.0), (1.0, 1.0)], accuracies=[(0.0, 0.5), (1.0, 0.9)], epochs=3
)
SECOND = RecoveryRun(label="second", losses=[(0.5, 0.5)], accuracies=[], epochs=2)


def test_runs_follow_each_other_with_a_gap_in_the_line() -> None:
    data = loss_data([FIRST, SECOND])
    assert data["epoch"][:2].tolist() == [0.5, 1.0]
    assert math.isnan(data["epoch"][2])
    assert data["epoch"][3] == 1.5
    assert data["loss"][3] == 0.5
    assert data["run"][[0, 1, 3]].tolist() == [1, 1, 2]


def test_a_first_run_without_losses_leaves_no_gap() -> None:
    assert loss_data([RecoveryRun(label="", losses=[], accuracies=[]), SECOND])["epoch"] == [0.5]


def test_losses_are_thinned_to_the_limit_over_all_runs() -> None:
    run = RecoveryRun(label="long", losses=[(i / 100, 1.0) for i in range(10_000)], accuracies=[])
    data = loss_data([run, run], limit=2000)
    assert 1000 < len(data["epoch"]) <= 2001
    assert len({len(column) for column in data.values()}) == 1


def test_however_long_a_run_is_its_line_takes_ten_kilobytes() -> None:
    run = RecoveryRun(label="long", losses=[(i / 100, 1.0) for i in range(10_000)], accuracies=[])
    assert sum(column.nbytes for column in loss_data([run]).values()) < 10_000


def test_accuracies_are_in_percent() -> None:
    data = accuracy_data([FIRST])
    assert data["accuracy"] == [50.0, 90.0]
    assert data["epoch"] == [0.0, 1.0]


def test_the_axis_holds_the_epochs_taken_and_those_planned() -> None:
    assert planned_epochs([]) == 1
    assert planned_epochs([FIRST]) == 3
    assert planned_epochs([FIRST, SECOND]) == 1 + 2


def test_the_accuracy_axis_holds_every_value_with_room() -> None:
    low, high = accuracy_range([FIRST], baseline=0.95)
    assert low < 50
    assert 95 < high <= 100.5
    assert accuracy_range([], None) == (0, 100)


def test_the_accuracy_axis_stops_where_accuracy_does() -> None:
    run = RecoveryRun(label="", losses=[], accuracies=[(0.0, 0.0), (1.0, 1.0)])
    assert accuracy_range([run], None) == (0.0, 100.5)


def test_an_update_while_training_adds_points() -> None:
    chart = RecoveryChart()
    chart.update([FIRST], baseline=0.95)
    before = len(chart.losses.data["loss"])
    longer = RecoveryRun(**{**FIRST, "losses": [*FIRST["losses"], (1.5, 0.8)]})
    chart.update([longer], baseline=0.95)
    assert len(chart.losses.data["loss"]) == before + 1
    for name, column in loss_data([longer]).items():
        assert np.array_equal(chart.losses.data[name], column)
    assert chart.accuracies.data == accuracy_data([FIRST])


def test_the_title_gives_the_baseline() -> None:
    chart = RecoveryChart()
    chart.update([FIRST], baseline=0.954)
    assert chart.root.title.text == "Recovery · dashed: dense model, 95.4 %"
    assert chart._baseline.visible
    assert chart._baseline.location == pytest.approx(95.4)
    chart.clear()
    assert chart.root.title.text == "Recovery"
    assert not chart._baseline.visible


@pytest.mark.parametrize("dark", [True, False])
def test_axes_wear_the_colours_of_their_lines(dark: bool) -> None:
    chart = RecoveryChart(dark=not dark)
    chart.set_dark(dark)
    loss, accuracy = chart.root.yaxis
    assert loss.axis_label_text_color == palette(dark).loss == chart._smooth.glyph.line_color
    assert accuracy.axis_label_text_color == palette(dark).accuracy
