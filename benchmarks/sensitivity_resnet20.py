"""Sensitivity of a trained ResNet-20 on CIFAR-10: the workbench's scan beside the plain loop.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/sensitivity_resnet20.py
        [--granularity weight] [--mode exact adaptive] [--no-memory]

The plain loop masks a copy of the model for every unit and ratio, and runs all of it in PyTorch in
batches of 128. Both ways answer the same 512 validation images with the same number of threads, and
take turns point by point, so that what else the machine does meets both. All figures are compared.
A scan is handed the model's ONNX file, as in a session, which has it from measuring the model; the
ratio with the time of an export added is printed as well. Peak memory is that of a process of its
own for each way, data, model and libraries included.
"""

import argparse
import copy
import subprocess
import sys
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from workbench.anatomy import Anatomy
from workbench.data import Dataset, open_data
from workbench.export.onnx import onnx_bytes
from workbench.masks import apply_masks, mask_channels
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.measure.benchmark import peak_resident_bytes
from workbench.models import open_model
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.sensitivity import RATIOS, Point, scan

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BATCH_SIZE = 128
PLAIN = "plain loop"


def main() -> None:
    """Print one row per unit and mode, the ratio of times, and peak memory."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--granularity", choices=("channel", "weight"), default="channel")
    arguments.add_argument("--mode", nargs="*", default=["exact", "adaptive"])
    arguments.add_argument("--no-memory", action="store_true")
    arguments.add_argument(
        "--alone", help="for peak memory: go this way only, and say nothing else"
    )
    options = arguments.parse_args()
    dataset, model = opened()
    plan = Plan(granularity=options.granularity)
    if options.alone:
        alone(options.alone, model, dataset, plan)
        return
    start = Clock.now()
    exported = onnx_bytes(model.module, dataset.example_input())
    export = Clock.now() - start
    print(f"{len(dataset.probe)} images, {torch.get_num_threads()} threads, {len(RATIOS)} ratios; ")
    print(f"the export took {export}.\n")
    evaluate(model.module, dataset.probe, batch_size=BATCH_SIZE)  # warms up
    for mode in options.mode:
        Comparison(model, dataset, plan).run(mode, exported, export)
    if not options.no_memory:
        print("| peak memory of a process | MiB |\n|---|---|")
        for way in (PLAIN, *options.mode):
            print(f"| {way} | {peak_mib(way, options.granularity):,.0f} |", flush=True)


def opened() -> tuple[Dataset, PrunedModel]:
    """The data and the trained model."""
    dataset = open_data("npz:cifar10.npz", normalize=NORMALIZE)
    module = open_model(
        "resnet20", num_classes=10, input_shape=(3, 32, 32), weights="resnet20-12fca82f.th"
    ).module
    return dataset, PrunedModel(Anatomy.of(module, dataset.example_input()), module)


def alone(way: str, model: PrunedModel, dataset: Dataset, plan: Plan) -> None:
    """Measure every point one way only, and print the most memory that this process had."""
    if way == PLAIN:
        compare = Comparison(model, dataset, plan)
        units = [unit.name for unit in model.anatomy.units(plan.granularity) if unit.prunable]
        for unit in units:
            for ratio in RATIOS:
                kept = model.select(plan.with_ratio(unit, ratio)).kept[unit]
                compare.measure_plainly(unit, kept)
    else:
        scan(model, dataset, plan, mode=way)
    print(peak_resident_bytes())


def peak_mib(way: str, granularity: str) -> float:
    """Peak memory of a process that goes one way only."""
    command = [sys.executable, __file__, "--alone", way, "--granularity", granularity]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(printed.split()[-1]) / 2**20


@dataclass(frozen=True)
class Clock:
    """Seconds on the wall, and of all processor cores together."""

    wall_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> "Clock":
        """The clocks as they stand."""
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: "Clock") -> "Clock":
        return Clock(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def __sub__(self, other: "Clock") -> "Clock":
        return Clock(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)

    def __str__(self) -> str:
        return f"{self.wall_s:.1f} s (of processors {self.cpu_s:.1f} s)"


@dataclass
class Comparison:
    """One scan beside the plain loop."""

    model: PrunedModel
    dataset: Dataset
    plan: Plan
    plain: "Clock" = field(default_factory=lambda: Clock(0, 0))
    paused: "Clock" = field(default_factory=lambda: Clock(0, 0))
    worst: dict[str, int] = field(default_factory=dict)
    loss: float = 0.0

    def run(self, mode: str, exported: bytes, export: Clock) -> None:
        """Scan; after every point measure the same the plain way."""
        print(f"## {mode}\n\n| unit | images that differ at most | images run |\n|---|---|---|")
        start = Clock.now()
        found = scan(
            self.model,
            self.dataset,
            self.plan,
            mode=mode,
            exported=exported,
            report=self.compare,
        )
        own = Clock.now() - start - self.paused
        for unit in found.units:
            run = sum(point.run_inputs for point in found.of(unit))
            total = sum(point.inputs for point in found.of(unit))
            print(f"| {unit} | {self.worst[unit]} | {run / total:.0%} |")
        images, count = max(self.worst.values()), found.baseline.inputs
        print(f"\n{len(found.points)} points; the plain loop {self.plain}, the {mode} scan {own}:")
        print(f"{self.plain.wall_s / own.wall_s:.2f} times as fast, ", end="")
        print(f"with {self.plain.cpu_s / own.cpu_s:.2f} times less work; ", end="")
        print(
            f"with an export {self.plain.wall_s / (own + export).wall_s:.2f} times as fast, ",
            end="",
        )
        print(f"{self.plain.cpu_s / (own + export).cpu_s:.2f} times less work.")
        print(f"Worst difference: {images} of {count} images ({images / count:.2%}), ", end="")
        print(f"{self.loss:.1e} nats.")
        measured = sum(point.measured for point in found.points)
        print(f"{measured} points measured, {len(found.points) - measured} interpolated.")
        for unit, note in found.notes.items():
            print(f"In PyTorch: {unit}: {note}")
        print()

    def compare(self, point: Point) -> None:
        """Measure a point the plain way; the scan's clock stands still meanwhile."""
        arrived = Clock.now()
        own = self.plan.with_ratio(point.unit, point.ratio)
        kept = self.model.select(own).kept[point.unit]  # the plain loop is given this for nothing
        start = Clock.now()
        expected = self.measure_plainly(point.unit, kept)
        self.plain += Clock.now() - start
        images = round(abs(point.accuracy - expected.accuracy) * point.inputs)
        self.worst[point.unit] = max(self.worst.get(point.unit, 0), images)
        self.loss = max(self.loss, abs(point.loss - expected.loss))
        self.paused += Clock.now() - arrived

    def measure_plainly(self, unit: str, kept: np.ndarray) -> Evaluation:
        """Mask a copy, run all of it."""
        module = copy.deepcopy(self.model.module)
        if self.plan.granularity == "channel":
            mask_channels(module, self.model.anatomy.graph, {unit: kept})
        else:
            shape = self.model.anatomy.layer(unit).weight_shape
            apply_masks(module, {unit: torch.from_numpy(kept.reshape(shape))})
        return evaluate(module, self.dataset.probe, batch_size=BATCH_SIZE)


if __name__ == "__main__":
    main()
