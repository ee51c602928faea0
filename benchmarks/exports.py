"""Every export format on real networks: size, accuracy on the test set, latency, in one table.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/exports.py [--network resnet20]

ResNet-20 comes with the data. MobileNetV2 for CIFAR-10 at 224 pixels is what
benchmarks/train_mobilenet_v2.py trained; name its weights with `--weights`. With `--ratio`, so much
of every layer's channels is removed first and the network is trained for `--epochs`.
Accuracy is that of the exported file on the 9,000 test images that are not used for validation, or
on the first `--images` of them. Latency is that of one input on one thread, all files in turn.
"""

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path

import torch
from cifar_upsampled import Enlarged, arrays

from workbench import Plan
from workbench.anatomy import Anatomy
from workbench.data import Dataset, open_data
from workbench.data.splits import SubsetSplit
from workbench.export.formats import FORMATS, Subject, chosen_formats
from workbench.export.onnx import onnx_bytes
from workbench.export.package import ExportReport, export_package
from workbench.models import open_model
from workbench.pruned import PrunedModel
from workbench.training import FinetuneSettings, finetune

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WEIGHTS = {"resnet20": "resnet20-12fca82f.th"}
CALIBRATIONS = ("minmax", "entropy", "percentile")


def main() -> None:
    """Print one row per format."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--network", default="resnet20")
    arguments.add_argument("--weights", help="a file; resnet20's is among the data")
    arguments.add_argument("--images", type=int, help="test images; all by default")
    arguments.add_argument("--ratio", type=float, default=0.0, help="of every layer's channels")
    arguments.add_argument("--epochs", type=int, default=0, help="of training after pruning")
    arguments.add_argument("--output", type=Path, help="keep the files there")
    options = arguments.parse_args()
    directory = Path(os.environ["PRUNING_WORKBENCH_DATA"])
    data = opened_data(directory, options.network, options.images)
    weights = options.weights or directory / WEIGHTS[options.network]
    module = open_model(
        options.network, num_classes=10, input_shape=data.input_shape, weights=str(weights)
    )
    example = data.example_input()
    dense = PrunedModel(Anatomy.of(module.module, example), module.module)
    model = pruned(dense, data, options.ratio, options.epochs)
    subject = Subject(model, dense.module, data, example, module.origin, options.network)
    before = onnx_bytes(dense.module, example)
    with tempfile.TemporaryDirectory() as temporary:
        target = options.output or Path(temporary)
        names = tuple(name for name, kind in FORMATS.items() if not kind.missing())
        report = export_package(target / "all", subject, formats=names, dense_onnx=lambda: before)
        show(options, report)
        for method in CALIBRATIONS[1:]:
            other = chosen_formats(f"onnx-int8:calibration={method}")
            show_rows(export_package(target / method, subject, formats=other), f", {method}")


def opened_data(directory: Path, network: str, images: int | None) -> Dataset:
    """CIFAR-10 as the network was trained on it, with as many test images as asked for."""
    if network == "mobilenet_v2":
        data = open_data((Enlarged(*arrays("train")), Enlarged(*arrays("test"))))
    else:
        data = open_data(f"npz:{directory / 'cifar10.npz'}", normalize=NORMALIZE)
    if images is not None:
        few = SubsetSplit(data.test, torch.arange(images))  # type: ignore[arg-type]
        data = dataclasses.replace(data, test=few)
    return data


def pruned(dense: PrunedModel, data: Dataset, ratio: float, epochs: int) -> PrunedModel:
    """The network with channels removed, trained again."""
    if not ratio:
        return dense
    model, _ = dense.prune(Plan(ratio=ratio))
    if epochs:
        finetune(model.module, data, FinetuneSettings(epochs=epochs), masks={})
    return model


def show(options: argparse.Namespace, report: ExportReport) -> None:
    """Print the heading, and the rows of all formats."""
    check = report["onnx"].check
    print(
        f"{options.network}, {options.ratio:.0%} of all channels removed; {check.inputs:,} test "
        f"images; float32 ONNX against PyTorch: largest difference {check.max_difference:.1e}, "
        f"{check.verdict}.\n"
    )
    print("| format | size | accuracy | largest difference | latency | against float32 ONNX |")
    print("|---|---|---|---|---|---|")
    show_rows(report)


def show_rows(report: ExportReport, variant: str = "") -> None:
    """Print one row per format; of a variant only the formats that have settings."""
    for one in report.exported:
        if variant and not one.settings:
            continue
        latency = f"{one.latency_ms.median_ms:.3f} ms" if one.latency_ms else ""
        ratio = one.speedup_over_onnx
        beside = f"{ratio.value:.2f} × ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else ""
        print(
            f"| {one.title}{variant} | {one.size_bytes:,} B | {one.check.accuracy or 0:.2%} "
            f"| {one.check.max_difference:.1e} | {latency} | {beside} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
