"""Looking around while a network trains and its charts stream, in a real JupyterLab and Chromium.

    python benchmarks/live_training.py [--epochs 20] [--batch-size 8] [--show picture.png]

The digits network trains, in batches so small that more than a hundred losses a second are
reported; each asks for an update of the chart. Meanwhile the mouse selects one layer after the
other, which shows its weights and importances, and goes back to the Recovery tab after each. Of
every press there are two times. Input to paint is the browser's own, to the next frame that it
shows (Event Timing, "interaction to next paint"): the row is chosen, the tab open. Press to answer
ends with the frame that shows what was asked for: the other layer's summary, which comes from the
kernel, or the training chart. The kernel's memory is its resident set, read at the end of every
epoch.
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

SHORTEST_MS = 16  # browsers report no shorter event, so a press without a report took less

# Marks every press of a button, and the frame that shows what it was pressed for. It is told of
# changes and does not look for them in every frame: that would be part of what is measured. An
# interaction is as long as the longest of its events: pointer down, pointer up, click.
WATCH = """
(shortest) => {
  const probe = (window.looked = {
    times: [], paints: {}, start: null, shown: null, done: () => {},
  });
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries()) {
      if (!interactionId) continue;
      probe.paints[interactionId] = Math.max(duration, probe.paints[interactionId] ?? 0);
    }
  }).observe({ type: "event", durationThreshold: shortest });
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
        paints_ms: Time of every press of a button, to the next frame that is shown.
        answers_ms: Time of every press, to what it was pressed for.
        updates_per_s: Batches reported per second.
        memory_mib: Of the kernel, at the end of every epoch.
    """

    paints_ms: list[float]
    answers_ms: list[float]
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
    print(
        f"| {options.epochs} epochs in batches of {options.batch_size} | figure | of |\n"
        f"|---|---|---|\n"
        f"| updates per second | {found.updates_per_s:.0f} | |\n"
        f"{percentiles('input to paint', found.paints_ms)}"
        f"{percentiles('press to answer', found.answers_ms)}"
        f"| kernel memory, last {len(late)} epochs: highest less lowest "
        f"| {max(late) - min(late):.1f} MiB | {max(late):,.0f} MiB |"
    )


def percentiles(what: str, times_ms: list[float]) -> str:
    """Two rows of the table."""
    p50, p95 = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    presses = f"{len(times_ms)} presses"
    return (
        f"| {what}, p50 | {p50:.0f} ms | {presses} |\n| {what}, p95 | {p95:.0f} ms | {presses} |\n"
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
            paints_ms, answers_ms = look_around(page, kernel, show)
            kernel.run("task.result()")
            seconds, count = kernel.value("[batches[-1] - batches[0], len(batches)]")  # type: ignore[misc]
            memory_mib: list[float] = kernel.value("memory_mib")  # type: ignore[assignment]
            kernel.run("session.close()")
        finally:
            kernel.close()
    return Outcome(paints_ms, answers_ms, count / seconds, memory_mib)


def look_around(page: Page, kernel: Kernel, show: Path | None) -> tuple[list[float], list[float]]:
    """Times of presses to the next frame and to the answer, in ms.

    The presses are in turn on a layer and on the Recovery tab.
    """
    rows = page.locator("tr.pw-row:not(.pw-row-fixed) td.pw-layer")
    tab = page.get_by_role("tab", name="Recovery")
    page.evaluate(WATCH, SHORTEST_MS)
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
    page.wait_for_timeout(1000)  # what the browser reports comes later
    answers_ms: list[float] = page.evaluate("looked.times")
    paints_ms: list[float] = page.evaluate("Object.values(looked.paints)")
    return paints_ms + [SHORTEST_MS] * (presses - len(paints_ms)), answers_ms


if __name__ == "__main__":
    main()
