"""The whole main job, as a person does it: open, drag, prune, fine-tune, cancel, undo, export."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from running_lab import Kernel, Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LOSS_POINTS = """() => Math.max(0, ...(window.Bokeh?.documents ?? [])
    .flatMap(d => [...d._all_models.values()])
    .map(m => (m.data?.loss ?? m.data?.get?.("loss"))?.length ?? 0))"""


def row(page: Page, unit: str) -> Locator:
    return page.locator(f"[data-unit='{unit}']")


def cell(page: Page, metric: str, column: str) -> Locator:
    board = page.get_by_test_id("pw-score-board")
    return board.locator(f"[data-metric='{metric}'] [data-column='{column}']")


def drag_slider(page: Page, unit: str, ratio: float) -> None:
    slider = row(page, unit).get_by_test_id("pw-slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 7, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + 7 + ratio * (box["width"] - 14) * step / 10, y)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def number_field(page: Page, name: str, value: str) -> None:
    field = page.locator(f".pw-{name} input")
    field.fill(value)
    field.press("Enter")


def test_the_whole_story(
    lab: Lab,
    open_page: Callable[..., Page],
    kernel: Callable[[], Kernel],
    record_property: Callable[[str, object], None],
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "story.ipynb")
    page = open_page("story.ipynb")
    session = kernel()
    expect(cell(page, "latency_ms", "dense")).to_contain_text("ms")
    assert session.value("session.baseline.accuracy") >= 0.985

    # Dragging shows exact sizes while the button is still down.
    drag_slider(page, "block2.conv1", 0.5)
    expect(cell(page, "size_bytes", "planned")).to_contain_text("kB")
    expect(cell(page, "macs", "planned")).to_contain_text("M")
    page.mouse.up()
    expect(cell(page, "accuracy", "planned")).to_contain_text("%")
    ratio = session.value("session.plan.ratios['block2.conv1']")
    assert ratio == pytest.approx(0.5, abs=0.06)
    number = row(page, "block2.conv1").get_by_test_id("pw-ratio")
    number.fill("50")
    number.press("Enter")
    expect(cell(page, "accuracy", "planned")).to_contain_text("%")
    predicted = session.value(
        "[session.predict().parameters, session.predict().macs, session.predict().size_bytes]"
    )

    # Pruning makes exactly that real.
    page.locator(".pw-prune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    metrics = "session.history.current.metrics"
    assert predicted == session.value(
        f"[{metrics}.parameters, {metrics}.macs, {metrics}.size_bytes]"
    )
    assert session.value("session.model.block2.conv1.out_channels") == 32
    expect(cell(page, "speedup", "now")).to_contain_text("×")

    # Fine-tuning draws while it runs, and the page goes on answering.
    tab(page, "Recovery")
    number_field(page, "epochs", "3")
    page.locator(".pw-finetune").click()
    page.wait_for_function(f"({LOSS_POINTS})() > 0")
    early = page.evaluate(LOSS_POINTS)
    page.wait_for_function(f"({LOSS_POINTS})() > {early} + 10")
    assert session.value("session.busy"), "the points came in after the end, not while it ran"
    row(page, "head").click()
    expect(row(page, "head")).to_have_attribute("aria-current", "true")
    expect(page.locator(".pw-unit-summary")).to_contain_text("128×64×1×1")
    expect(page.locator(".pw-status-text")).to_contain_text("fine-tuning: done")
    assert session.value(f"{metrics}.accuracy") >= 0.97
    assert session.value("len(session.history)") == 3

    # Cancel leaves the last committed step.
    tab(page, "Recovery")
    number_field(page, "epochs", "200")
    page.locator(".pw-finetune").click()
    expect(page.locator(".pw-status-text")).to_contain_text("epoch 1/200")
    pressed = time.monotonic()
    page.locator(".pw-cancel").click()
    expect(page.locator(".pw-status-text")).to_contain_text("was cancelled")
    record_property("seconds from Cancel to the message", time.monotonic() - pressed)
    assert session.value("len(session.history)") == 3
    assert session.value("session.history.current.kind") == "finetune"

    page.locator(".pw-undo").click()
    expect(cell(page, "accuracy", "now")).not_to_contain_text("99.")
    assert session.value("session.history.current.kind") == "prune"
    page.locator(".pw-redo").click()
    expect(page.locator(".pw-redo")).to_be_disabled()
    assert session.value("session.history.current.kind") == "finetune"

    # What is exported answers as PyTorch does, on every test image.
    tab(page, "Export")
    number_field(page, "directory", "exported")
    page.locator(".pw-export").click()
    expect(page.locator(".pw-export-report")).to_contain_text("run on 359 test inputs")
    session.run(
        "import numpy, onnxruntime, torch\n"
        "runtime = onnxruntime.InferenceSession('exported/model.onnx')\n"
        "same = [\n"
        "    numpy.array_equal(\n"
        "        runtime.run(None, {'input': x.numpy()})[0].argmax(1),\n"
        "        session.model(x).argmax(1).numpy(),\n"
        "    )\n"
        "    for x, _ in session.dataset.test.batches(64)\n"
        "]\n"
        "assert len(same) == 6 and all(same)"
    )


def test_code_and_sliders_are_two_views_of_one_session(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "views.ipynb")
    page = open_page("views.ipynb")
    session = kernel()
    session.run("session.plan = session.plan.with_ratio('head', 0.3).lock('stem')")
    expect(row(page, "head").get_by_test_id("pw-ratio")).to_have_value("30")
    expect(row(page, "stem").get_by_test_id("pw-lock")).to_have_attribute("aria-pressed", "true")
    expect(cell(page, "accuracy", "planned")).to_contain_text("%")
    session.run("session.plan = session.plan.with_(granularity='weight')")
    expect(row(page, "classifier").get_by_test_id("pw-slider")).to_be_visible()
    session.run("session.targets = {'size_bytes': 100_000}")
    expect(cell(page, "size_bytes", "target")).to_contain_text("✗")


def test_a_reloaded_page_shows_the_present_state(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / "reload.ipynb")
    page = open_page("reload.ipynb")
    session = kernel()
    session.run("session.plan = session.plan.with_ratios(0.4)")
    session.run("_ = session.prune(); _ = session.finetune(1)", timeout_s=120)
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    page.reload()
    expect(row(page, "head").get_by_test_id("pw-ratio")).to_have_value("40")
    tab(page, "Recovery")
    page.locator(".pw-more-settings").scroll_into_view_if_needed()  # the chart is below
    page.wait_for_function(f"({LOSS_POINTS})() > 20")


def test_names_are_shown_literally(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel]
) -> None:
    write_notebook(
        lab.root / "names.ipynb",
        "import torch\n"
        "from collections import OrderedDict\n"
        "from widgets import Workbench\n"
        "from workbench import Session\n"
        "evil = '<img src=x onerror=alert(1)>'\n"
        "module = torch.nn.Sequential(OrderedDict([\n"
        "    (evil, torch.nn.Conv2d(1, 8, 3)), ('relu', torch.nn.ReLU()),\n"
        "    ('flat', torch.nn.Flatten()), ('head', torch.nn.Linear(288, 10)),\n"
        "]))\n"
        "session = Session(module, 'digits')\n"
        "Workbench(session)",
    )
    page = open_page("names.ipynb")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    evil = "<img src=x onerror=alert(1)>"
    expect(page.get_by_test_id("pw-layer-table")).to_contain_text(evil)
    kernel().run(f"session.plan = session.plan.with_ratio({evil!r}, 0.5); session.prune()")
    expect(page.locator(".pw-status-text")).to_contain_text("pruning: done")
    assert page.locator("img[src=x]").count() == 0
    assert alerts == []


@pytest.mark.parametrize("width", [1400, 900])
def test_nothing_sticks_out_of_the_page(
    lab: Lab, open_page: Callable[..., Page], kernel: Callable[[], Kernel], width: int
) -> None:
    shutil.copy(NOTEBOOKS / "workbench.ipynb", lab.root / f"wide{width}.ipynb")
    page = open_page(f"wide{width}.ipynb", width=width)
    kernel()
    expect(cell(page, "latency_ms", "dense")).to_contain_text("ms")
    wider = """() => [...document.querySelectorAll('.pw-app *')].filter(e => e.checkVisibility() &&
        e.getBoundingClientRect().right > e.closest('.pw-app').getBoundingClientRect().right + 2)
        .map(e => e.className)"""
    assert page.evaluate(wider) == []
