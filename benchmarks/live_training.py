"""Looking around while a network trains and its charts stream, in a real JupyterLab and Chromium.

    python benchmarks/live_training.py [--epochs 20] [--batch-size 8] [--show picture.png]

The digits network trains, in batches so small that more than a hundred losses a second are
reported; each asks for an update of the chart. Meanwhile the mouse selects one layer after the
other, which shows its weights and importances, and goes back to the Recovery tab after each. Times
run in the page, from the button that goes down to the frame that shows the other layer's summary,
or the training chart. The kernel's memory is its resident set, read at the end of every epoch.
"""

import argparse
import itertools
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab_page import Kernel, Lab, open_notebook, run_next_cell, running_lab, write_notebook
from playwright.sync_api import Page

EARLY_EPOCHS = 5  # caches and allocators fill while these run

READY = """
import threading, time

import psutil
from widgets import Workbench
from workbench import Session
from workbench.events import BatchTrained, EpochTrained, TrainingEnded
from workbench.training import FinetuneSettings

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

# Marks every press of a button, and the frame that shows what it was pressed for. It is told of
# changes and does not look for them in every frame: that would be part of what is measured.
WATCH = """
() => {
  const probe = (window.looked = { times: [], start: null, shown: null, done: () => {} });
  const look = () => {
    if (probe.start === null || !probe.shown()) return;
    const start = probe.start;
    probe.start = null;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      probe.times.push(performance.now() - start);
      probe.done();
    }));
  };
  document.addEventListener("pointerdown", () => (probe.start = performance.now()), true);
  new MutationObserver(look).observe(document.querySelector(".pw-app"), {
    subtree: true, childList: true, characterData: true, attributes: true,
  });
}
"""

LOOKED = """(count) => new Promise((done) => {
  looked.done = () => looked.times.length > count && done();
  looked.done();
})"""

# What a press is to show.
OTHER_LAYER = """
() => {
  const summary = () => document.querySelector(".pw-unit-summary");
  const before = summary().textContent;
  looked.shown = () => summary().textContent !== before && summary().checkVisibility();
}
"""
TRAINING_CHART = """
() => {
  looked.shown = () => document.querySelector(".pw-epochs").checkVisibility();
}
"""


@dataclass(frozen=True)
class Outcome:
    """What one training run showed.

    Attributes:
        presses_ms: Time of every press of a button, to what it shows.
        updates_per_s: Batches reported per second.
        memory_mib: Of the kernel, at the end of every epoch.
    """

    presses_ms: list[float]
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
    p50, p95 = statistics.median(found.presses_ms), statistics.quantiles(found.presses_ms, n=20)[-1]
    print(
        f"| {options.epochs} epochs in batches of {options.batch_size} | figure | of |\n"
        f"|---|---|---|\n"
        f"| updates per second | {found.updates_per_s:.0f} | |\n"
        f"| input to paint, p50 | {p50:.0f} ms | {len(found.presses_ms)} presses |\n"
        f"| input to paint, p95 | {p95:.0f} ms | {len(found.presses_ms)} presses |\n"
        f"| kernel memory, last {len(late)} epochs: highest less lowest "
        f"| {max(late) - min(late):.1f} MiB | {max(late):,.0f} MiB |"
    )


def measure(lab: Lab, epochs: int, batch_size: int, show: Path | None) -> Outcome:
    """Train once, and look around until it ends."""
    with open_notebook(lab, "train.ipynb") as page:
        run_next_cell(page)
        page.get_by_text("ready", exact=True).wait_for()
        run_next_cell(page)
        page.get_by_test_id("pw-layer-table").wait_for()
        page.wait_for_function("window.Bokeh?.documents.length > 0")
        page.get_by_role("tab", name="Recovery").click()
        kernel = lab.kernel()
        try:
            settings = f"FinetuneSettings(epochs={epochs}, batch_size={batch_size})"
            kernel.run(f"task = session.submit_finetune({settings})")
            kernel.run("assert begun.wait(60)")
            presses_ms = look_around(page, kernel, show)
            kernel.run("task.result()")
            seconds, count = kernel.value("[batches[-1] - batches[0], len(batches)]")  # type: ignore[misc]
            memory_mib: list[float] = kernel.value("memory_mib")  # type: ignore[assignment]
            kernel.run("session.close()")
        finally:
            kernel.close()
    return Outcome(presses_ms, count / seconds, memory_mib)


def look_around(page: Page, kernel: Kernel, show: Path | None) -> list[float]:
    """Times of presses, in turn on a layer and on the Recovery tab, in ms."""
    rows = page.locator("tr.pw-row:not(.pw-row-fixed) td.pw-layer")
    tab = page.get_by_role("tab", name="Recovery")
    page.evaluate(WATCH)
    presses = 0
    for turn in itertools.count(1):
        for what, shown in ((rows.nth(turn % rows.count()), OTHER_LAYER), (tab, TRAINING_CHART)):
            page.evaluate(shown)
            what.click()
            page.evaluate(LOOKED, presses)
            presses += 1
        if turn == 20 and show is not None:
            page.screenshot(path=show)
        if turn % 5 == 0 and kernel.value("ended.is_set()"):
            break
    times: list[float] = page.evaluate("looked.times")
    return times


if __name__ == "__main__":
    main()
