"""Every export format on real networks: size, accuracy on the test set, latency, in one table.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/exports.py [--network resnet20]

ResNet-20 comes with the data. MobileNetV2 for CIFAR-10 at 224 pixels is what
benchmarks/train_mobilenet_v2.py trained:

    python benchmarks/exports.py --network mobilenet_v2 --weights mobilenet_v2.safetensors
        --images 500

With `--ratio`, so much of every layer's channels is removed first and the network is trained for
`--epochs`. Accuracy is that of the exported file on all 10,000 test images, or on the first
`--images` of them; after training on those that were not its validation images. `--formats` chooses
some, or with no name none but the 8-bit files by the other calibrations. Latency is that of one
input on one thread: files for ONNX Runtime in turn, then those of other runtimes and calibrations,
called from Python, in turn with the float32 ONNX file.
"""

import argparse
import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from cifar_upsampled import Enlarged, arrays

from workbench import Plan
from workbench.anatomy import Anatomy
from workbench.data import Dataset, open_data
from workbench.data.heldout import official_test
from workbench.data.splits import SubsetSplit
from workbench.export.checking import Array, Reference, Run
from workbench.export.formats import FORMATS, Subject, Workshop, chosen_formats
from workbench.export.onnx import onnx_bytes, runner
from workbench.export.package import ExportReport, export_package
from workbench.export.page.facts import conditions
from workbench.export.report import Exported
from workbench.measure.latency import Latency, Ratio, latency_ratio
from workbench.models import open_model
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, finetune

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WEIGHTS = {"resnet20": "resnet20-12fca82f.th"}
CALIBRATIONS = ("minmax", "entropy", "percentile")
ROUNDS = 50
WARM_UP = 5


def main() -> None:
    """Print one row per format."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--network", default="resnet20")
    arguments.add_argument("--weights", help="a file; resnet20's is among the data")
    arguments.add_argument("--images", type=int, help="test images; all by default")
    arguments.add_argument("--formats", nargs="*", help="onnx and others; all by default")
    arguments.add_argument("--ratio", type=float, default=0.0, help="of every layer's channels")
    arguments.add_argument("--epochs", type=int, default=0, help="of training after pruning")
    arguments.add_argument("--output", type=Path, help="keep the files there")
    options = arguments.parse_args()
    torch.set_num_threads(1)  # as the runtimes
    directory = Path(os.environ["PRUNING_WORKBENCH_DATA"])
    data = opened_data(directory, options)
    weights = options.weights or directory / WEIGHTS[options.network]
    module = open_model(
        options.network, num_classes=10, input_shape=data.input_shape, weights=str(weights)
    )
    example = data.example_input()
    dense = PrunedModel(Anatomy.of(module.module, example), module.module)
    model = pruned(dense, data, options.ratio, options.epochs)
    subject = Subject(model, dense.module, data, example, module.origin, options.network)
    installed = tuple(name for name, kind in FORMATS.items() if not kind.missing())
    names = installed if options.formats is None else tuple(options.formats)
    with tempfile.TemporaryDirectory() as temporary:
        target = options.output or Path(temporary)
        if names:
            before = onnx_bytes(dense.module, example)
            report = export_package(
                target / "all", subject, formats=names, dense_onnx=lambda: before
            )
            opened = Path(temporary, "opened")  # a copy: some formats write when they are opened
            shutil.copytree(target / "all", opened)
            show(options, report, in_turn(other_runs(Workshop(subject, opened), names), example))
        directory = target / "calibrations"
        directory.mkdir(parents=True)
        show_calibrations(Workshop(subject, directory))


def opened_data(directory: Path, options: argparse.Namespace) -> Dataset:
    """CIFAR-10 as the network was trained on it, with as many test images as asked for."""
    if options.network == "mobilenet_v2":
        data = open_data((Enlarged(*arrays("train")), Enlarged(*arrays("test"))))
    else:
        data = open_data(f"npz:{directory / 'cifar10.npz'}", normalize=NORMALIZE)
    test = data.test if options.epochs else official_test(data)
    if options.images is not None:
        test = SubsetSplit(test, torch.arange(options.images))  # type: ignore[arg-type]
    return dataclasses.replace(data, test=test)


def pruned(dense: PrunedModel, data: Dataset, ratio: float, epochs: int) -> PrunedModel:
    """The network with channels removed, trained again."""
    if not ratio:
        return dense
    model, _ = dense.prune(Plan(ratio=ratio))
    if epochs:
        finetune(model.module, data, FinetuneSettings(epochs=epochs), masks={})
    return model


def other_runs(workshop: Workshop, names: tuple[str, ...]) -> dict[str, Run]:
    """What runs the files that ONNX Runtime does not, and the float32 ONNX file."""
    formats = chosen_formats(names)
    return {
        one.name: one.open(workshop)
        for one in formats
        if not one.in_onnx_runtime or one.name == "onnx"
    }


def in_turn(runs: Mapping[str, Run], example: torch.Tensor) -> dict[str, Latency]:
    """Time one input in every runtime, round by round."""
    inputs = example[:1].numpy()
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for place in range(WARM_UP + ROUNDS):
        for name, run in runs.items():
            elapsed_ms = timed_ms(run, inputs)
            if place >= WARM_UP:
                samples[name].append(elapsed_ms)
    return {name: Latency.from_samples(tuple(times)) for name, times in samples.items()}


def timed_ms(run: Run, inputs: Array) -> float:
    """Time of one call."""
    start = time.perf_counter()
    run(inputs)
    return 1e3 * (time.perf_counter() - start)


def show(
    options: argparse.Namespace, report: ExportReport, elsewhere: Mapping[str, Latency]
) -> None:
    """Print the heading, and the rows of all formats."""
    check, found = report["onnx"].check, conditions(0)
    relative = check.max_difference / check.largest_output
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    print(f"{found['processor']}; {versions}.\n")
    print(
        f"{options.network}, {options.ratio:.0%} of all channels removed; {check.inputs:,} test "
        f"images; float32 ONNX against PyTorch: {check.verdict}, largest difference "
        f"{check.max_difference:.1e}, {relative:.1e} of the largest output.\n"
    )
    print("| format | size | accuracy | points | largest difference | latency | float32 ONNX = 1 |")
    print("|---|---|---|---|---|---|---|")
    for one in report.exported:
        if (latency := elsewhere.get(one.format)) is None or one.latency_ms:
            show_row(one, check.accuracy or 0)
        else:
            ratio = latency_ratio(elsewhere["onnx"], latency)
            timed = dataclasses.replace(one, latency_ms=latency, speedup_over_onnx=ratio)
            show_row(timed, check.accuracy or 0)


def show_calibrations(workshop: Workshop) -> None:
    """Print the rows of 8-bit files by the calibrations that are not the default."""
    subject = workshop.subject
    reference = Reference.of(subject.model.module, subject.dataset.test)
    chosen = np.concatenate([scores.argmax(axis=1) for scores in reference.outputs])
    accuracy = float((chosen == reference.split.labels.numpy()).mean())
    for method in CALIBRATIONS[1:]:
        (one,) = chosen_formats((f"onnx-int8:calibration={method}",))
        files = one.write(workshop)
        runs = {"onnx": runner(workshop.onnx), one.name: one.open(workshop)}
        latency = in_turn(runs, subject.example_input)
        exported = Exported(
            one.name,
            f"{one.title}, {method}",
            one.runtime,
            {name: workshop.path(name).stat().st_size for name in files},
            reference.compare(runs[one.name], what=one.title),
            latency_ms=latency[one.name],
            speedup_over_onnx=latency_ratio(latency["onnx"], latency[one.name]),
        )
        show_row(exported, accuracy)


def show_row(one: Exported, reference: float) -> None:
    """Print a format's row; its accuracy also as what it gains on a reference."""
    accuracy = one.check.accuracy or 0
    latency = f"{one.latency_ms.median_ms:.3f} ms" if one.latency_ms else ""
    print(
        f"| {one.title} | {one.size_bytes:,} B | {accuracy:.2%} "
        f"| {100 * (accuracy - reference):+.2f} | {one.check.max_difference:.1e} | {latency} "
        f"| {times(one.speedup_over_onnx)} |",
        flush=True,
    )


def times(ratio: Ratio | None) -> str:
    """How many times as fast, with its interval."""
    return f"{ratio.value:.2f} × ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else ""


if __name__ == "__main__":
    main()
