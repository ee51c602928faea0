"""Dragging a slider of a network with 168 units, in a real JupyterLab and a real Chromium.

    python benchmarks/dragging.py [--moves 120] [--units 168] [--show picture.png]

The mouse moves a slider by real input events, one move after the other: the next one begins when
the score board shows other figures, the line of every chart on the screen stands at the slider's
ratio, and all have been painted. Times run in the page, from the slider's input event to that
frame. Board, table and charts are in view, and nothing is left to be learned. The time to the table
is that from the key that runs the cell, with a session that has measured everything, to the frame
that shows all rows.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from lab_page import (
    Lab,
    open_notebook,
    run_next_cell,
    running_lab,
    wait_until_learned,
    write_notebook,
)
from playwright.sync_api import Page

WIDE, CHANNELS = "wide", 512

READY = """
import torch
from collections import OrderedDict
from widgets import Workbench
from workbench import Session

torch.manual_seed(0)
layers = [("stem", torch.nn.Conv2d(1, 8, 3, stride=4)), ("relu", torch.nn.ReLU()),
          ("wide", torch.nn.Conv2d(8, 512, 3, padding=1)), ("wide_relu", torch.nn.ReLU()),
          ("narrow", torch.nn.Conv2d(512, 8, 3, padding=1)), ("narrow_relu", torch.nn.ReLU())]
for number in range({units} - 3):
    layers += [(f"conv{{number}}", torch.nn.Conv2d(8, 8, 3, padding=1)),
               (f"relu{{number}}", torch.nn.ReLU())]
layers += [("flat", torch.nn.Flatten()), ("head", torch.nn.Linear(32, 10))]
session = Session(torch.nn.Sequential(OrderedDict(layers)), "digits")
session.baseline
session.estimate_sensitivity()
print("units:", sum(unit.prunable for unit in session.units))
"""

# Marks every input event of a slider, and the frame that shows what came of it. It is told of
# changes and does not look for them in every frame: that would be part of what is measured.
WATCH = """
(channels) => {
  const cell = document.querySelector("[data-metric=parameters] [data-column=planned]");
  const lines = Bokeh.documents.flatMap((d) => [...d._all_models.values()])
    .filter((model) => model.type === "Span" && model.visible);
  // At the ratio, or at the rank of the channel that is the last to go.
  const stands = ({ location }, ratio) =>
    Math.abs(location - ratio) < 1e-6 || Math.abs(location - ratio * channels) <= 1;
  const probe = (window.dragged = { times: [], pending: null, done: () => {} });
  const painted = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
  const look = () => {
    const { pending } = probe;
    if (pending && cell.textContent !== pending.figure
        && lines.every((line) => stands(line, pending.ratio))) {
      probe.pending = null;
      painted(() => {
        probe.times.push(performance.now() - pending.start);
        probe.done();
      });
    }
  };
  new MutationObserver(look).observe(cell, { subtree: true, childList: true, characterData: true });
  for (const document of Bokeh.documents) document.on_change(look);
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-testid=pw-slider]")) return;
    const ratio = Number(event.target.value);
    probe.pending = { start: performance.now(), ratio, figure: cell.textContent };
  }, true);
}
"""

# The charts of the layer are there, each with its line at the cut.
LINES = """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
  .filter((model) => model.type === "Span" && model.visible).length > 0"""

MOVED = """(count) => new Promise((done) => {
  dragged.done = () => dragged.times.length > count && done();
  dragged.done();
})"""

# Marks the key that runs a cell, and the frame that shows all rows.
WATCH_TABLE = """
(rows) => {
  window.opened = null;
  let start = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.shiftKey) start ??= performance.now();
  }, true);
  const look = () => {
    if (start !== null && document.querySelectorAll(".pw-layer-table [data-unit]").length >= rows) {
      requestAnimationFrame(() => (window.opened = performance.now() - start));
    } else requestAnimationFrame(look);
  };
  look();
}
"""


def main() -> None:
    """Print one table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--moves", type=int, default=120)
    arguments.add_argument("--units", type=int, default=168)
    arguments.add_argument("--show", type=Path, help="write a screenshot here")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
        write_notebook(
            lab.root / "drag.ipynb", READY.format(units=options.units), "Workbench(session)"
        )
        table_ms, moves_ms = measure(lab, options.units, options.moves, options.show)
    p50, p95 = statistics.median(moves_ms), statistics.quantiles(moves_ms, n=20)[-1]
    print(f"| {options.units} units | p50 | p95 | of |\n|---|---|---|---|")
    print(f"| slider to board and charts | {p50:.0f} ms | {p95:.0f} ms | {len(moves_ms)} moves |")
    print(f"| cell to table | {table_ms:.0f} ms | | 1 |")


def measure(lab: Lab, units: int, moves: int, show: Path | None) -> tuple[float, list[float]]:
    """Time to the table, and of every move, in ms."""
    with open_notebook(lab, "drag.ipynb") as page:
        run_next_cell(page)
        page.get_by_text(f"units: {units}").wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.evaluate(WATCH_TABLE, units)
        run_next_cell(page)
        page.wait_for_function("window.opened !== null")
        table_ms = float(page.evaluate("window.opened"))
        page.wait_for_function("window.Bokeh?.documents.length > 0")
        kernel = lab.kernel()
        wait_until_learned(kernel)
        times = drag(page, moves)
        if show is not None:
            page.screenshot(path=show)
        kernel.run("session.close()")
        kernel.close()
    return table_ms, times


def drag(page: Page, moves: int) -> list[float]:
    """Times of moves to and fro, with the button down all the while, in ms."""
    row = page.locator(f"[data-unit='{WIDE}']")
    row.click()
    row.locator("xpath=self::*[@aria-current='true']").wait_for()
    slider = row.get_by_test_id("pw-slider")
    slider.evaluate("slider => slider.scrollIntoView({ block: 'center' })")  # charts beside it too
    box = slider.bounding_box()
    if box is None:
        raise RuntimeError("the slider is not on the page")
    middle, left, width = box["y"] + box["height"] / 2, box["x"] + 7, box["width"] - 14
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(left + 0.1 * width, middle)
    page.wait_for_function(
        "document.querySelector('[data-metric=parameters] [data-column=planned]').textContent"
    )
    page.wait_for_function(LINES)
    page.evaluate(WATCH, CHANNELS)
    for move in range(moves):
        # From 12 % to 72 % in steps of 5 %, and back by others: no position comes twice in a row.
        turn = move % 24
        place = 0.12 + 0.05 * (turn if turn < 12 else 24 - turn) + (0.02 if turn >= 12 else 0)
        page.mouse.move(left + place * width, middle)
        page.evaluate(MOVED, move)
    page.mouse.up()
    return [float(time) for time in json.loads(page.evaluate("JSON.stringify(dragged.times)"))]


if __name__ == "__main__":
    main()
