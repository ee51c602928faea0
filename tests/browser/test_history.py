"""The history as a person uses it: go back by keyboard, branch from the chart, name, compare."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from running_lab import Kernel, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

# Where the point of a step is on the screen, once it is drawn.
POINT = """step => {
    const views = Object.values(window.Bokeh?.index?.roots ?? window.Bokeh?.index ?? {});
    while (views.length) {
        const view = views.pop();
        const data = view.model.data_source?.data;
        const column = (name) => [...(data?.[name] ?? data?.get?.(name) ?? [])];
        const place = column("cost_text").length ? column("id").indexOf(step) : -1;
        if (place >= 0 && view.plot_view?.el.checkVisibility()) {
            const { el, frame } = view.plot_view;
            const { left, top } = el.getBoundingClientRect();
            return { x: left + frame.x_scale.compute(column("cost")[place]),
                     y: top + frame.y_scale.compute(column("height")[place]) };
        }
        views.push(...(view.child_views ?? []), ...(view.computed_renderer_views ?? []));
    }
    return null;
}"""


def point(page: Page, step: int) -> dict[str, Any]:
    """Where a step's point is, once it is there."""
    page.wait_for_function(POINT, arg=step)
    found: dict[str, Any] = page.evaluate(POINT, step)
    return found


def row(page: Page, step: int) -> Locator:
    return page.locator(f".pw-history li[data-step='{step}']")


def at(page: Page, step: int) -> Locator:
    """The tree, once it shows that the session is at a step."""
    return page.locator(f".pw-history[data-current='{step}']")


def prepare(page: Page, session: Kernel, steps: str) -> None:
    """Make some steps in code, and look at them."""
    session.run("_ = session.baseline", timeout_s=120)
    session.run(steps, timeout_s=240)
    page.get_by_role("tab", name="History").click()


def test_keys_undo_and_redo_in_the_workbench_and_leave_cells_alone(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "keys.ipynb")
    page = open_page("keys.ipynb")
    session = kernel()
    prepare(page, session, "session.plan = session.plan.with_ratios(0.5); _ = session.prune()")
    expect(at(page, 1)).to_be_visible()
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first

    # The focus is in a cell: its text is undone, and the session stays.
    cell.click()
    page.keyboard.press("End")
    page.keyboard.insert_text("#typed")  # at once, to be undone at once
    expect(cell).to_contain_text("#typed")
    page.keyboard.press("Control+z")
    expect(cell).not_to_contain_text("#typed")
    page.keyboard.press("Control+Shift+z")
    expect(cell).to_contain_text("#typed")
    assert session.value("session.history.current.id") == 1

    # A click on nothing in particular in the workbench is enough: the cell's text stays now.
    page.locator(".pw-title").click()
    page.keyboard.press("Control+z")
    expect(at(page, 0)).to_be_visible()
    page.keyboard.press("Control+y")
    expect(at(page, 1)).to_be_visible()
    expect(cell).to_contain_text("#typed")

    # A button that switches itself off does not take the keys away.
    page.locator(".pw-undo").click()
    expect(at(page, 0)).to_be_visible()
    expect(page.locator(".pw-undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    expect(at(page, 1)).to_be_visible()

    # In a text of the workbench they undo what was typed.
    search = page.get_by_label("Search layers")
    search.click()
    page.keyboard.type("head")
    page.keyboard.press("Control+z")
    expect(search).not_to_have_value("head")
    assert session.value("session.history.current.id") == 1


def test_a_click_on_the_chart_goes_back_and_pruning_from_there_branches(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "branch.ipynb")
    page = open_page("branch.ipynb")
    session = kernel()
    steps = (
        "session.plan = session.plan.with_ratios(0.5); _ = session.prune(); _ = session.finetune(1)"
    )
    prepare(page, session, steps)
    expect(at(page, 2)).to_be_visible()

    place = point(page, 0)
    page.mouse.click(place["x"], place["y"])
    expect(at(page, 0)).to_be_visible()
    expect(page.locator(".pw-redo")).to_be_disabled()  # one went there, and undid nothing
    session.run("session.plan = session.plan.with_ratios(0.25)")
    page.locator(".pw-prune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    expect(at(page, 3)).to_be_visible()
    assert session.value("session.history[3].parent") == 0
    assert page.locator(".pw-history li").evaluate_all(
        "rows => rows.map((row) => row.dataset.step)"
    ) == ["0", "1", "2", "3"]
    expect(page.locator(".pw-history-count")).to_have_text("4 steps · 2 branches")

    # The same point again, against another cost; and a row does the same as a point.
    page.locator(".pw-pareto-cost select").select_option(label="latency")
    expect(page.locator(".pw-pareto")).to_be_visible()
    page.wait_for_function(
        "() => (window.Bokeh?.documents ?? []).some(d => [...d._all_models.values()]"
        ".some(m => m.axis_label === 'latency (ms)'))"
    )
    place = point(page, 0)
    page.mouse.click(place["x"], place["y"])
    expect(at(page, 0)).to_be_visible()
    row(page, 2).locator(".pw-step-go").click()
    expect(at(page, 2)).to_be_visible()
    assert session.value("session.history.current.id") == 2
    page.keyboard.press("Control+z")  # the focus is on the row
    expect(at(page, 1)).to_be_visible()


def test_steps_are_named_compared_and_saved(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "compare.ipynb")
    page = open_page("compare.ipynb", height=1500)
    session = kernel()
    steps = (
        "session.plan = session.plan.with_ratios(0.5); _ = session.prune(); session.checkout(0); "
        "session.plan = session.plan.with_ratios(0.25); _ = session.prune()"
    )
    prepare(page, session, steps)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    comparison = page.get_by_test_id("pw-comparison")
    expect(comparison).to_have_attribute("data-pair", "0,2")

    # Names are typed in the row, letters that are JupyterLab's shortcuts included.
    row(page, 1).locator(".pw-step-go").focus()
    page.keyboard.press("F2")
    page.keyboard.type("=add half <b>")
    page.keyboard.press("Tab")
    page.keyboard.type("too much")
    page.keyboard.press("Enter")
    expect(row(page, 1).locator(".pw-step-title")).to_have_text("=add half <b>")
    assert session.value("[session.history[1].name, session.history[1].remark]") == [
        "=add half <b>",
        "too much",
    ]
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    # Two that are ticked are compared, layer by layer.
    for step in (1, 2):
        row(page, step).get_by_role("checkbox").click()
    expect(comparison).to_have_attribute("data-pair", "1,2")
    parameters = comparison.locator("[data-metric=parameters] td")
    kept = [
        session.value(f"widgets.wording.count(session.history[{step}].metrics.parameters)")
        for step in (1, 2)
        if session.run("import widgets.wording") == ""
    ]
    assert parameters.all_inner_texts()[:2] == kept
    layer = comparison.locator("[data-layer='block2.conv1']")
    assert layer.locator(".pw-bar-text").all_inner_texts() == ["50 % · 32", "75 % · 48"]
    layer.click()
    expect(layer).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "() => (window.Bokeh?.documents ?? []).some(d => [...d._all_models.values()]"
        ".some(m => m.text === 'Weights of block2.conv1' && m.type === 'Title'))"
    )

    with page.expect_download() as saved:
        page.get_by_test_id("pw-save-csv").click()
    with saved.value.path().open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["", "'=add half <b>", ""]
    assert [row["parent"] for row in rows] == ["", "0", "0"]
