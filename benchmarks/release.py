"""From letting go of a slider to both measured figures on screen, in a real JupyterLab.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/release.py [--releases 10]
        [--mobilenet-v2 mobilenet_v2.safetensors]

ResNet-20 on CIFAR-10 answers 512 probe images; MobileNetV2 at 224 pixels, trained by
`train_mobilenet_v2.py`, answers 64 enlarged images of CIFAR-10. The clock runs in the page, from
the slider's change event to the frame that shows accuracy and latency as measured. What a workbench
learns unasked, it has learned before.
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
from playwright.sync_api import Page

RESNET20 = """
from widgets import Workbench
from workbench import Session

session = Session(
    "resnet20", "npz:cifar10.npz", weights="resnet20-12fca82f.th",
    normalize=((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
)
"""

MOBILENET = """
import sys

from safetensors.torch import load_file
from torch.utils.data import DataLoader

from widgets import Workbench
from workbench import Session

sys.path.append({benchmarks!r})
from cifar_upsampled import Enlarged, arrays, mobilenet_v2

def loader(part, count):
    images, labels = arrays(part)
    return DataLoader(Enlarged(images[:count], labels[:count]), batch_size=32)

network = mobilenet_v2()
network.load_state_dict(load_file({weights!r}))
session = Session(network, (loader("train", 320), loader("test", 320)))
assert len(session.dataset.probe) == 64, len(session.dataset.probe)
"""

PREPARED = """
session.baseline
session.learn_latency()
print("ready", "now")
"""

# Counts from the change event until both cells say "measured".
WATCH = """
() => {
  const measured = (metric) => document.querySelector(
    `[data-metric=${metric}] td[data-column=planned]`).classList.contains("pw-measured");
  const probe = (window.released = { times: [], start: null });
  const look = () => {
    const [accuracy, latency] = [measured("accuracy"), measured("latency_ms")];
    if (!accuracy && !latency) probe.predicted = true;
    if (probe.start !== null && probe.predicted && accuracy && latency) {
      probe.times.push(performance.now() - probe.start);
      probe.start = null;
    }
    requestAnimationFrame(look);
  };
  document.addEventListener("input", () => (probe.predicted = false), true);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-testid=pw-slider]")) {
      probe.start = performance.now();
    }
  }, true);
  look();
}
"""


def main() -> None:
    """Print one row per network."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--releases", type=int, default=10)
    arguments.add_argument(
        "--mobilenet-v2", type=Path, metavar="WEIGHTS", help="measure it too, with these weights"
    )
    options = arguments.parse_args()
    networks = {"resnet20": (RESNET20, "layer3.1.conv1")}
    if options.mobilenet_v2 is not None:
        source = MOBILENET.format(
            benchmarks=str(Path(__file__).parent), weights=str(options.mobilenet_v2.resolve())
        )
        networks["mobilenet_v2"] = (source, "")
    rows = ["| network | p50 | longest | of |", "|---|---|---|---|"]
    for name, (source, unit) in networks.items():
        with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
            write_notebook(lab.root / "release.ipynb", source + PREPARED, "Workbench(session)")
            times = measure(lab, unit, options.releases)
        print("one after the other:", ", ".join(f"{time:.0f}" for time in times), "ms")
        median, longest = statistics.median(times), max(times)
        rows.append(f"| {name} | {median:.0f} ms | {longest:.0f} ms | {len(times)} releases |")
    print("\n".join(rows))


def measure(lab: Lab, unit: str, releases: int) -> list[float]:
    """Time of every release, in ms."""
    with open_notebook(lab, "release.ipynb") as page:
        run_next_cell(page)
        page.get_by_text("ready now").wait_for()
        run_next_cell(page)
        page.get_by_test_id("pw-layer-table").scroll_into_view_if_needed()  # the charts too
        page.wait_for_function("window.Bokeh?.documents.length > 0")
        kernel = lab.kernel()
        wait_until_learned(kernel)
        times = release(page, unit, releases)
        kernel.run("session.close()")
        kernel.close()
    return times


def release(page: Page, unit: str, releases: int) -> list[float]:
    """Drag to another place and let go, again and again."""
    rows = page.locator(f"[data-unit='{unit}']" if unit else "[data-unit]:has(.pw-slider)")
    slider = rows.first.get_by_test_id("pw-slider")
    slider.scroll_into_view_if_needed()
    page.evaluate(WATCH)
    for number in range(releases):
        box = slider.bounding_box()
        if box is None:
            raise RuntimeError("the slider is not on the page")
        middle, left, width = box["y"] + box["height"] / 2, box["x"] + 7, box["width"] - 14
        page.mouse.move(left + (0.2 + 0.05 * (number % 8)) * width, middle)
        page.mouse.down()
        page.mouse.move(left + (0.25 + 0.05 * (number % 8)) * width, middle, steps=3)
        page.wait_for_timeout(100)  # less than after which a resting hand is answered anyway
        page.mouse.up()
        page.wait_for_function("count => released.times.length > count", arg=number)
    return [float(time) for time in page.evaluate("released.times")]


if __name__ == "__main__":
    main()
