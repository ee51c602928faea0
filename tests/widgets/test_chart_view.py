"""What a chart sends to pages, and what it takes from them; without a page."""

import json
from collections.abc import Callable
from typing import Any

import anywidget
import pytest
from bokeh.models import ColumnDataSource, Slider
from bokeh.plotting import figure

from widgets.chart_view import ChartView

Messages = list[dict[str, Any]]


@pytest.fixture
def plot() -> figure:
    plot = figure(title="before")
    plot.scatter("x", "y", source=ColumnDataSource({"x": [1.0], "y": [2.0]}, name="points"))
    return plot


@pytest.fixture
def view(plot: figure) -> ChartView:
    return ChartView(lambda: plot, 170)


@pytest.fixture
def sent(view: ChartView, record: Callable[[anywidget.AnyWidget], Messages]) -> Messages:
    return record(view)


def contents(sent: Messages) -> Messages:
    return [message["content"] for message in sent]


def open_place(view: ChartView, place: str = "a") -> None:
    view._handle_custom_msg({"type": "open", "view": place}, [])


def test_a_chart_that_nobody_looks_at_sends_nothing(
    plot: figure, view: ChartView, sent: Messages
) -> None:
    with view.changing():
        plot.title.text = "after"
    assert sent == []


def test_a_place_gets_the_chart_as_it_is_by_then(
    plot: figure, view: ChartView, sent: Messages
) -> None:
    with view.changing():
        plot.title.text = "after"
    open_place(view)
    (message,) = contents(sent)
    assert (message["type"], message["view"]) == ("document", "a")
    assert '"after"' in json.dumps(message)
    open_place(view, "b")
    assert contents(sent)[1]["view"] == "b"


def test_a_page_keeps_a_place_as_high_as_the_chart() -> None:
    assert ChartView(figure, 170).height == 170


def test_all_that_changes_at_once_is_one_message(
    plot: figure, view: ChartView, sent: Messages
) -> None:
    open_place(view)
    sent.clear()
    with view.changing():
        plot.title.text = "between"
        plot.title.text = "after"
        plot.select_one({"name": "points"}).data = {"x": [3.0], "y": [4.0]}
    (message,) = contents(sent)
    title, points = message["patch"]["events"]
    assert (title["attr"], title["new"]) == ("text", "after")
    assert points["kind"] == "ColumnDataChanged"
    json.dumps(message)
    with view.changing():
        plot.title.text = "after"
    assert len(sent) == 1, "nothing changed"


def test_what_changed_before_an_error_is_sent_all_the_same(
    plot: figure, view: ChartView, sent: Messages
) -> None:
    open_place(view)
    sent.clear()
    with pytest.raises(ZeroDivisionError), view.changing():
        plot.title.text = "after"
        raise ZeroDivisionError
    assert len(sent) == 1


def test_a_hand_moves_what_somebody_listens_to_and_nothing_comes_back(
    record: Callable[[anywidget.AnyWidget], Messages],
) -> None:
    slider = Slider(start=0, end=1, value=0.5)
    heard: list[float] = []
    slider.on_change("value", lambda _attr, _old, new: heard.append(new))
    view = ChartView(lambda: slider, 0)
    sent = record(view)
    open_place(view)
    assert contents(sent)[0]["heard"] == [[slider.id, "value"]]
    with view.changing():
        view._handle_custom_msg(
            {"type": "moved", "model": slider.id, "attr": "value", "new": 0.75}, []
        )
    assert heard == [0.75] and slider.value == 0.75
    assert len(sent) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "moved", "model": "SLIDER", "attr": "start", "new": 0.1},
        {"type": "moved", "model": "p0", "attr": "value", "new": 0.1},
        {"type": "moved", "model": "SLIDER", "attr": "value", "new": "0.1"},
        {"type": "moved", "model": "SLIDER", "attr": "value", "new": float("nan")},
        {"type": "open"},
        {"type": "jump"},
        "text",
    ],
)
def test_what_does_not_check_out_changes_nothing(
    message: Any, record: Callable[[anywidget.AnyWidget], Messages]
) -> None:
    slider = Slider(start=0, end=1, value=0.5)
    slider.on_change("value", lambda _attr, _old, _new: None)
    view = ChartView(lambda: slider, 0)
    sent = record(view)
    open_place(view)
    if isinstance(message, dict) and message.get("model") == "SLIDER":
        message = message | {"model": slider.id}
    view._handle_custom_msg(message, [])
    assert (slider.start, slider.value) == (0, 0.5)
    assert [message["type"] for message in contents(sent)] == ["document"]


def test_a_chart_is_made_when_it_is_first_asked_for_and_where_it_is_told(
    plot: figure, record: Callable[[anywidget.AnyWidget], Messages]
) -> None:
    made: list[figure] = []
    later: list[Callable[[], None]] = []

    def make() -> figure:
        made.append(plot)
        return plot

    view = ChartView(make, 170)
    view.run = later.append
    sent = record(view)
    open_place(view, "a")
    open_place(view, "b")
    assert (made, sent) == ([], [])
    for work in later:
        work()
    assert len(made) == 1
    assert [message["view"] for message in contents(sent)] == ["a", "b"]


def test_a_chart_that_could_not_be_made_is_made_when_it_is_asked_for_again(
    plot: figure, record: Callable[[anywidget.AnyWidget], Messages]
) -> None:
    outcomes: list[Exception | None] = [ValueError("not yet"), None]

    def make() -> figure:
        if (error := outcomes.pop(0)) is not None:
            raise error
        return plot

    view = ChartView(make, 170)
    sent = record(view)
    with pytest.raises(ValueError, match="not yet"):
        view._send_document("a")
    view._send_document("a")
    (message,) = contents(sent)
    assert '"before"' in json.dumps(message["document"])


def test_a_closed_view_no_longer_listens_to_the_model(plot: figure, view: ChartView) -> None:
    open_place(view)
    view.close()
    plot.title.text = "after"
    assert view._changes == []
