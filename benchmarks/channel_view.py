"""From selecting a layer of 512 channels to seeing them: a real JupyterLab, a real Chromium.

python benchmarks/channel_view.py [--repeats 20]

A network of layers with 512 channels each is opened on the digits. Every layer is selected once
(its channels are looked at then: the whole probe set, all criteria without data), and once more
right after a small layer (the report is remembered then). What a workbench learns unasked, it has
learned before. Time runs in the page, from the click on the row to the frame after the cards are
there.
"""

import argparse
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
from playwright.sync_api import Page, expect

CHANNELS = 512
SMALL = "0.narrow"
NOTEBOOK = "channel_view.ipynb"

NETWORK = """
import torch
from torch import nn
from widgets import Workbench
from workbench import Session

torch.manual_seed(0)

def wide(number, inputs):
    layers = [nn.Conv2d(inputs, {channels}, 3, padding=1, bias=False), nn.BatchNorm2d({channels}),
              nn.ReLU(), nn.Conv2d({channels}, 16, 1), nn.ReLU()]
    names = ["wide", "norm", "relu", "narrow", "end"]
    block = nn.Sequential()
    for name, layer in zip(names, layers):
        block.add_module(name, layer)
    return block

blocks = [wide(number, 1 if number == 0 else 16) for number in range({layers})]
tail = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)]
session = Session(nn.Sequential(*blocks, *tail), "digits")
Workbench(session)
"""

SELECT = """unit => new Promise(resolve => {
    const grid = document.querySelector("[data-testid=pw-channels]");
    const start = performance.now();
    const done = () => requestAnimationFrame(() => requestAnimationFrame(
        () => resolve(performance.now() - start)));
    const watching = new MutationObserver(() => {
        if (grid.dataset.painted !== unit) return;
        watching.disconnect();
        done();
    });
    watching.observe(grid, {attributes: true, attributeFilter: ["data-painted"]});
    document.querySelector(`tr[data-unit="${unit}"]`).click();
})"""


def main() -> None:
    """Print medians as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20, help="layers of 512 channels")
    repeats = parser.parse_args().repeats
    expect.set_options(timeout=300_000)
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
        write_notebook(lab.root / NOTEBOOK, NETWORK.format(channels=CHANNELS, layers=repeats + 1))
        first, again = measured(lab, repeats)
    print("one after the other:", ", ".join(f"{time:.0f}" for time in first), "ms")
    print("| select a layer of 512 channels, cards seen after | p50 ms | slowest ms | repeats |")
    print("|---|---|---|---|")
    for case, times in (("looked at for the first time", first), ("looked at before", again)):
        print(f"| {case} | {statistics.median(times):.0f} | {max(times):.0f} | {len(times)} |")


def measured(lab: Lab, repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds of every selection: of new layers, and of ones seen before."""
    first, again = [], []
    with open_notebook(lab, NOTEBOOK, height=1180) as page:
        show_channels(page)
        kernel = lab.kernel()
        wait_until_learned(kernel)
        kernel.close()
        page.evaluate(SELECT, SMALL)
        for number in range(1, repeats + 1):  # the first one was shown to begin with
            first.append(page.evaluate(SELECT, f"{number}.wide"))
            page.evaluate(SELECT, SMALL)
            again.append(page.evaluate(SELECT, f"{number}.wide"))
    return first, again


def show_channels(page: Page) -> None:
    """Run the cell, wait until the baseline is measured, and show the channels."""
    run_next_cell(page)
    page.get_by_test_id("pw-layer-table").wait_for()
    latency = page.locator("[data-metric=latency_ms] [data-column=dense]")
    expect(latency).to_contain_text("ms")
    page.get_by_role("tab", name="Channels", exact=True).click()
    page.locator("[data-testid=pw-channels][data-painted]").wait_for()


if __name__ == "__main__":
    main()
