import threading

import pytest

from widgets.charts import cut_handle
from widgets.charts.cut_handle import CutHandle
from widgets.charts.histogram import WeightHistogram
from widgets.charts.importance import ImportanceChart


def moved_in_the_page(handle: CutHandle, right: float) -> None:
    """What a message from the browser does, on the thread that comms arrive on."""
    thread = threading.Thread(target=lambda: handle.area.update(right=right))
    thread.start()
    thread.join()


@pytest.fixture
def dragged() -> list[float]:
    return []


def test_a_move_in_the_page_is_told_and_drawing_is_not(dragged: list[float]) -> None:
    chart = ImportanceChart(on_drag=dragged.append)
    chart.update("conv", [1.0, 2.0, 3.0], [False, True, True], draggable=True)
    assert chart.handle.area.right == 1 and dragged == []
    moved_in_the_page(chart.handle, 1.7)
    assert dragged == [1.7]


def test_while_it_is_moved_the_edge_stays_in_the_hand(
    dragged: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = ImportanceChart(on_drag=dragged.append)
    chart.update("conv", [1.0, 2.0, 3.0], [False, True, True], draggable=True)
    moved_in_the_page(chart.handle, 1.7)
    chart.update("conv", [1.0, 2.0, 3.0], [False, False, True], draggable=True)
    assert chart.handle.area.right == 1.7 and chart._cut.location == 2
    monkeypatch.setattr(cut_handle, "HELD_S", 0.0)
    chart.update("conv", [1.0, 2.0, 3.0], [False, False, True], draggable=True)
    assert chart.handle.area.right == 2
    assert dragged == [1.7]


def test_a_threshold_has_two_edges_and_is_told_by_its_size(dragged: list[float]) -> None:
    chart = WeightHistogram(on_drag=dragged.append)
    chart.update("conv", [-1.0, 0.0, 1.0], [5, 5], 0.25, draggable=True)
    area = chart.handle.area
    assert (area.left, area.right, area.symmetric, area.resizable) == (-0.25, 0.25, True, "x")
    moved_in_the_page(chart.handle, -0.5)  # dragged beyond zero
    assert dragged == [0.5]


def test_where_nothing_goes_there_is_still_an_edge_to_grab() -> None:
    chart = ImportanceChart(on_drag=print)
    chart.update("conv", [1.0, 2.0, 3.0], [True, True, True], draggable=True)
    assert chart.handle.area.visible and 0 < chart.handle.area.right < 0.1
    assert not chart._cut.visible


def test_what_cannot_be_dragged_shows_no_handle() -> None:
    chart = ImportanceChart(on_drag=print)
    chart.update("conv", [1.0, 2.0], [False, True], draggable=True)
    chart.update("conv", [1.0, 2.0], [False, True])
    assert not chart.handle.area.visible and not chart.handle.arrow.visible
    chart.clear()
    assert not chart.handle.area.visible


def test_dragging_does_not_move_the_axes() -> None:
    for axis_range in (WeightHistogram().root.x_range, WeightHistogram().root.y_range):
        assert len(axis_range.renderers) == 1
    chart = ImportanceChart()
    chart.update("conv", [1.0, 2.0, 3.0], [False, True, True])
    assert (chart.root.x_range.end, chart.root.y_range.end) == (3, pytest.approx(3.15))
