"""Moving a slider while a network trains and its charts stream, in a real JupyterLab and Chromium.

    python benchmarks/live_training.py [--epochs 20] [--batch-size 8] [--show picture.png]

The digits network trains with the Recovery tab open, in batches so small that more than a hundred
losses a second are reported; each asks for an update of the chart. Meanwhile the mouse moves a
slider by real input events, one move after the other: the next one begins when the score board
shows other figures and they have been painted. Times run in the page, from the slider's input event
to that frame. The kernel's memory is its resident set, read at the end of every epoch.
"""

import argparse
import itertools
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab_page import Kernel, Lab, open_notebook, run_next_cell, running_lab, write_notebook
from playwright.sync_api import Page

UNIT = "block2.conv2"
EARLY_EPOCHS = 5  # caches and allocators fill while these run

READY = """
import threading, time

import psutil
from widgets import Workbench
from workbench import Session
from workbench.events import BatchTrained, EpochTrained, TrainingEnded

session = Session("digits_cnn", "digits")
session.baseline
batches, memory_mib, begun, ended = [], [], threading.Event(), threading.Event()

def note(event):
    if isinstance(event, BatchTrained):
        batches.append(time.monotonic())
        begun.set()
    if isinstance(event, EpochTrained):
        memory_mib.append(psutil.Process().memory_info().rss / 2**20)
    if isinstance(event, TrainingEnded):
        ended.set()

session.events.subscribe(note)
print("ready")
"""

# Marks every input event of a slider, and the frame that shows the figures that came of it.
WATCH = """
() => {
  const figure = () => document.querySelector(
    "[data-metric=parameters] [data-column=planned]").textContent;
  const probe = (window.moved = { times: [], pending: null });
  const look = () => {
    const { pending } = probe;
    if (pending && figure() !== pending.figure) {
      probe.pending = null;
      requestAnimationFrame(() => requestAnimationFrame(
        () => probe.times.push(performance.now() - pending.start)));
    }
    requestAnimationFrame(look);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-testid=pw-slider]"))
      probe.pending = { start: performance.now(), figure: figure() };
  }, true);
  look();
}
"""


@dataclass(frozen=True)
class Outcome:
    """What one training run showed.

    Attributes:
        moves_ms: Time of every move, from input to paint.
        updates_per_s: Batches reported per second.
        memory_mib: Of the kernel, at the end of every epoch.
    """

    moves_ms: list[float]
    updates_per_s: float
    memory_mib: list[float]


def main() -> None:
    """Print one table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--epochs", type=int, default=20)
    arguments.add_argument("--batch-size", type=int, default=8)
    arguments.add_argument("--show", type=Path, help="write a screenshot here, in mid-training")
    options = arguments.parse_args()
    if options.epochs <= EARLY_EPOCHS:
        arguments.error(f"--epochs must be above {EARLY_EPOCHS}, got {options.epochs}")
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
        write_notebook(lab.root / "train.ipynb", READY, "Workbench(session)")
        found = measure(lab, options.epochs, options.batch_size, options.show)
    late = found.memory_mib[EARLY_EPOCHS:]
    p50, p95 = statistics.median(found.moves_ms), statistics.quantiles(found.moves_ms, n=20)[-1]
    print(
        f"| {options.epochs} epochs in batches of {options.batch_size} | figure | of |\n"
        f"|---|---|---|\n"
        f"| updates per second | {found.updates_per_s:.0f} | |\n"
        f"| input to paint, p50 | {p50:.0f} ms | {len(found.moves_ms)} moves |\n"
        f"| input to paint, p95 | {p95:.0f} ms | {len(found.moves_ms)} moves |\n"
        f"| kernel memory, last {len(late)} epochs: highest less lowest "
        f"| {max(late) - min(late):.1f} MiB | {max(late):,.0f} MiB |"
    )


def measure(lab: Lab, epochs: int, batch_size: int, show: Path | None) -> Outcome:
    """Train once, and move a slider until it ends."""
    with open_notebook(lab, "train.ipynb") as page:
        run_next_cell(page)
        page.get_by_text("ready", exact=True).wait_for()
        run_next_cell(page)
        page.get_by_test_id("pw-layer-table").wait_for()
        page.wait_for_function("window.Bokeh?.documents.length > 0")
        page.get_by_role("tab", name="Recovery").click()
        kernel = lab.kernel()
        try:
            kernel.run(f"task = session.submit_finetune({epochs}, batch_size={batch_size})")
            kernel.run("assert begun.wait(60)")
            moves_ms = move_until_it_ends(page, kernel, show)
            kernel.run("task.result()")
            seconds, count = kernel.value("[batches[-1] - batches[0], len(batches)]")  # type: ignore[misc]
            memory_mib: list[float] = kernel.value("memory_mib")  # type: ignore[assignment]
            kernel.run("session.close()")
        finally:
            kernel.close()
    return Outcome(moves_ms, count / seconds, memory_mib)


def move_until_it_ends(page: Page, kernel: Kernel, show: Path | None) -> list[float]:
    """Times of moves to and fro, with the button down all the while, in ms."""
    slider = page.locator(f"[data-unit='{UNIT}']").get_by_test_id("pw-slider")
    slider.scroll_into_view_if_needed()
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
    page.evaluate(WATCH)
    for move in itertools.count():
        turn = move % 24
        place = 0.12 + 0.05 * (turn if turn < 12 else 24 - turn) + (0.02 if turn >= 12 else 0)
        page.mouse.move(left + place * width, middle)
        page.wait_for_function("count => moved.times.length > count", arg=move)
        if move == 20 and show is not None:
            page.screenshot(path=show)
        if move % 10 == 0 and kernel.value("ended.is_set()"):
            break
    page.mouse.up()
    times: list[float] = page.evaluate("moved.times")
    return times


if __name__ == "__main__":
    main()
