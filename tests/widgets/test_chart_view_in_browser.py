"""A chart in a real browser, without a kernel: asked for, drawn, changed, and moved by a hand."""

from collections.abc import Callable
from typing import Any

import anywidget
import bokeh
import pytest

from widgets.bokeh_library import BokehLibrary, bokehjs
from widgets.chart_view import ChartView
from widgets.charts import ImportanceChart

pytestmark = pytest.mark.browser

Messages = list[dict[str, Any]]

LOAD_LIBRARY = """async ([source, script, version]) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const model = {
        get: () => version,
        on: (_, hear) => (model.hear = hear),
        send: (asked) => asked.type === "script" && model.hear({ script }),
    };
    (await import(url)).default.initialize({ model });
}"""
DRAWN = """() => {
    const plot = Object.values(window.Bokeh?.index ?? {})[0];
    return plot?.frame?.bbox.width > 0;
}"""

HEIGHT = "document.querySelector('body > div').getBoundingClientRect().height"
MOVE = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    await frame();  // in which a message back would have been sent
    const models = [...Bokeh.documents[0]._all_models.values()];
    models.find((model) => model.type === "BoxAnnotation").right = 1.5;
}"""


SEE = """async (seen) => {
    document.body.style.contentVisibility = seen ? "visible" : "hidden";
    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
}"""
HEAR = """(message) => {
    model.fire("msg:custom", message);
    return [...Bokeh.documents[0]._all_models.values()]
        .find((model) => model.type === "Span").location;
}"""
REWRITE = """() => {
    const sheet = new (Bokeh.require("core/dom").InlineStyleSheet)(":host { left: 1px; }");
    const written = [sheet.el.firstChild];
    for (const css of [":host { left: 1px; }", ":host { left: 2px; }"]) {
        sheet.replace(css);
        written.push(sheet.el.firstChild);
    }
    return [written[0] === written[1], written[1] === written[2], sheet.css];
}"""
STYLED = """() => {
    const [plot] = Object.values(Bokeh.index);
    const look = Bokeh.require("core/visuals/visual").VisualProperties.prototype._get_css_value;
    plot.el.style.setProperty("--bk-outline-line-color", "red");
    const other = { el: plot.el, model: { document: null } };
    const asked = (obj) => look.call({ obj, css_prefix: "--bk-outline-" }, "line-color");
    return [plot, other].map(asked);
}"""


REMOVED = """() => {
    const [plot] = Object.values(Bokeh.index);
    const { data } = plot.model.renderers[1].data_source;
    return Object.fromEntries(Object.entries(data).map(([name, values]) => [name, [...values]]));
}"""


class Shown:
    """A chart on a page, and the kernel's side of it."""

    def __init__(self, mounted: Any, view: ChartView, sent: Messages) -> None:
        self.mounted, self.view, self.sent = mounted, view, sent

    def pass_on(self) -> None:
        """Let the page have everything the kernel has sent so far."""
        for message in self.sent:
            self.mounted.receive(message["content"])
        self.sent.clear()

    def model(self, type_name: str, attribute: str) -> Any:
        """A property of the page's only model of a type."""
        return self.mounted.page.evaluate(
            """([type, attribute]) => [...Bokeh.documents[0]._all_models.values()]
                .find((model) => model.type === type)[attribute]""",
            [type_name, attribute],
        )


@pytest.fixture
def chart() -> ImportanceChart:
    chart = ImportanceChart(on_drag=lambda rank: None)
    chart.update("conv", [0.1, 0.2, 0.3, 0.4], [False, True, True, True], draggable=True)
    return chart


@pytest.fixture
def shown(
    mount: Callable[..., Any],
    record: Callable[[anywidget.AnyWidget], Messages],
    chart: ImportanceChart,
) -> Shown:
    view = ChartView(lambda: chart.root, chart.height)
    sent = record(view)
    mounted = mount(view)
    mounted.page.wait_for_function("model.sent.length === 1")
    return Shown(mounted, view, sent)


def answer(shown: Shown) -> None:
    """Let the kernel send what the page asked for."""
    shown.view._handle_custom_msg(shown.mounted.sent[0], [])


def draw(shown: Shown) -> None:
    answer(shown)
    shown.pass_on()
    wait_for_drawing(shown)


def wait_for_drawing(shown: Shown) -> None:
    library = [BokehLibrary._esm, bokehjs(), bokeh.__version__]
    shown.mounted.page.evaluate(LOAD_LIBRARY, library)
    shown.mounted.page.wait_for_function(DRAWN)


def change(shown: Shown, chart: ImportanceChart, removed: int) -> None:
    """Let so many channels go, and the page hear of it."""
    kept = [place >= removed for place in range(4)]
    with shown.view.changing():
        chart.update("conv", [0.1, 0.2, 0.3, 0.4], kept, draggable=True)
    shown.pass_on()


def wait_for_cut(shown: Shown, rank: int) -> None:
    shown.mounted.page.wait_for_function(
        """rank => [...Bokeh.documents[0]._all_models.values()]
            .find((model) => model.type === "Span").location === rank""",
        arg=rank,
    )


def test_a_visible_place_asks_for_its_chart_and_keeps_the_room_for_it(shown: Shown) -> None:
    assert shown.mounted.sent[0]["type"] == "open"
    assert shown.mounted.page.evaluate(HEIGHT) == 190
    draw(shown)
    assert shown.mounted.page.evaluate(HEIGHT) == 190


def test_what_the_kernel_changes_is_drawn_and_not_sent_back(
    shown: Shown, chart: ImportanceChart
) -> None:
    draw(shown)
    with shown.view.changing():
        chart.update("conv", [0.1, 0.2, 0.3, 0.4], [False, False, False, True], draggable=True)
    shown.pass_on()
    wait_for_cut(shown, 3)
    assert shown.model("BoxAnnotation", "right") == 3
    shown.mounted.page.evaluate(MOVE)
    shown.mounted.page.wait_for_function("model.sent.at(-1).new === 1.5")
    assert [message["type"] for message in shown.mounted.sent[1:]] == ["moved"]


def test_a_change_has_its_turn_at_once_and_is_painted_with_what_else_changed(
    shown: Shown, chart: ImportanceChart
) -> None:
    draw(shown)
    shown.mounted.page.evaluate(SEE, True)
    with shown.view.changing():
        chart.update("conv", [0.1, 0.2, 0.3, 0.4], [False, False, False, True], draggable=True)
    (message,) = shown.sent
    assert shown.mounted.page.evaluate(HEAR, message["content"]) == 3


def test_a_question_without_an_answer_is_asked_again_and_drawn_once(shown: Shown) -> None:
    shown.mounted.page.wait_for_function("model.sent.length === 2")
    first, second = shown.mounted.sent
    assert first == second
    answer(shown)
    draw(shown)
    assert shown.mounted.page.evaluate("Bokeh.documents.length") == 1


def test_changes_that_overtake_the_drawing_are_not_lost(
    shown: Shown, chart: ImportanceChart
) -> None:
    answer(shown)
    with shown.view.changing():
        chart.update("conv", [0.1, 0.2, 0.3, 0.4], [False, False, True, True], draggable=True)
    shown.pass_on()
    wait_for_drawing(shown)
    wait_for_cut(shown, 2)


def test_a_chart_that_is_not_seen_is_drawn_when_it_is(shown: Shown, chart: ImportanceChart) -> None:
    draw(shown)
    shown.mounted.page.evaluate(SEE, False)
    change(shown, chart, 3)
    shown.mounted.page.evaluate(SEE, False)  # some frames later
    assert shown.model("Span", "location") == 1
    shown.mounted.page.evaluate(SEE, True)
    wait_for_cut(shown, 3)
    assert len(shown.mounted.sent) == 1


def test_a_chart_that_changed_much_while_it_was_not_seen_is_asked_for_anew(
    shown: Shown, chart: ImportanceChart
) -> None:
    draw(shown)
    shown.mounted.page.evaluate(SEE, False)
    for move in range(32):
        change(shown, chart, 1 + move % 3)
    shown.mounted.page.evaluate(SEE, True)
    shown.mounted.page.wait_for_function("model.sent.length === 2")
    answer(shown)
    shown.pass_on()
    shown.mounted.page.wait_for_function(DRAWN)
    wait_for_cut(shown, 2)
    assert shown.mounted.page.evaluate("Bokeh.documents.length") == 1


def test_a_style_sheet_is_written_only_when_it_changes(shown: Shown) -> None:
    draw(shown)
    assert shown.mounted.page.evaluate(REWRITE) == [True, False, ":host { left: 2px; }"]


def test_colours_come_from_the_kernel_and_those_of_strangers_from_style_sheets_too(
    shown: Shown,
) -> None:
    draw(shown)
    assert shown.mounted.page.evaluate(STYLED) == ["", "red"]


def test_a_hand_on_the_edge_is_told(shown: Shown, chart: ImportanceChart) -> None:
    draw(shown)
    page = shown.mounted.page
    edge = page.evaluate(
        """() => {
            const plot = Object.values(Bokeh.index)[0];
            const at = plot.el.getBoundingClientRect();
            const { left, width, vcenter } = plot.frame.bbox;
            return [at.left + left + width / 4, at.top + vcenter, width / 4];
        }"""
    )
    page.mouse.move(edge[0], edge[1])
    page.mouse.down()
    page.mouse.move(edge[0] + 1.5 * edge[2], edge[1], steps=5)
    page.mouse.up()
    page.wait_for_function("model.sent.length > 1 && Math.abs(model.sent.at(-1).new - 2.5) < 0.1")
    last = shown.mounted.sent[-1]
    assert (last["type"], last["attr"]) == ("moved", "right")
    shown.view._handle_custom_msg(last, [])
    assert chart.handle.area.right == pytest.approx(last["new"])


def test_a_chart_of_nothing_is_drawn_too(
    mount: Callable[..., Any], record: Callable[[anywidget.AnyWidget], Messages]
) -> None:
    view = ChartView(lambda: ImportanceChart().root, ImportanceChart.height)
    sent = record(view)
    mounted = mount(view)
    mounted.page.wait_for_function("model.sent.length === 1")
    draw(Shown(mounted, view, sent))


def foresee(shown: Shown, chart: ImportanceChart) -> None:
    """Draw, and tell the page what every place of the slider leads to."""
    draw(shown)
    shown.view.foresee("h", "conv", chart.followers([place * 4 // 100 for place in range(100)]))
    shown.mounted.set("follow", shown.view.follow)
    shown.sent.clear()


def test_what_follows_a_slider_moves_without_the_kernel_and_nothing_is_sent_back(
    shown: Shown, chart: ImportanceChart
) -> None:
    foresee(shown, chart)
    asked = len(shown.mounted.sent)
    shown.mounted.hold("conv", 0.75)
    wait_for_cut(shown, 3)
    assert shown.model("BoxAnnotation", "right") == 3
    assert shown.mounted.page.evaluate(REMOVED) == {
        "rank": [0, 1, 2, 3],
        "importance": [0.1, 0.2, 0.3, 0.3],
    }
    shown.mounted.hold("conv", 0.0)
    wait_for_cut(shown, 0)
    assert shown.mounted.page.evaluate(REMOVED) == {"rank": [0], "importance": [0]}
    shown.mounted.page.wait_for_timeout(100)
    assert len(shown.mounted.sent) == asked


def test_what_followed_goes_back_to_what_the_kernel_drew_when_nothing_comes_of_it(
    shown: Shown, chart: ImportanceChart
) -> None:
    foresee(shown, chart)
    before = shown.mounted.page.evaluate(REMOVED)
    shown.mounted.hold("conv", 0.75)
    wait_for_cut(shown, 3)
    shown.mounted.hold("", 0)
    wait_for_cut(shown, 1)
    assert shown.model("BoxAnnotation", "right") == 1
    assert shown.mounted.page.evaluate(REMOVED) == before
    shown.mounted.hold("conv", 0.75)
    wait_for_cut(shown, 3)
    shown.mounted.set("follow", {})
    wait_for_cut(shown, 1)


def test_what_the_kernel_drew_of_an_earlier_place_is_not_seen(
    shown: Shown, chart: ImportanceChart
) -> None:
    foresee(shown, chart)
    shown.mounted.hold("conv", 0.75)
    wait_for_cut(shown, 3)
    change(shown, chart, 2)
    shown.mounted.page.wait_for_timeout(100)
    assert shown.model("Span", "location") == 3
    shown.mounted.hold("", 0)
    change(shown, chart, 1)
    wait_for_cut(shown, 1)
