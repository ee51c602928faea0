"""Estimates from gradients beside the exact scan: rank correlations, and accuracy by estimate.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/estimates.py [--networks resnet20 digits]

Every unit is scanned exactly at 10 to 90 % on the probe set, by L1. Printed are Spearman's rank
correlation of the loss with the estimate and with the ratio alone, and the accuracy lost, in
points, by the size of the estimate. ResNet-56 takes minutes.
"""

import argparse
import time
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from scipy.stats import spearmanr

from workbench import Plan
from workbench.anatomy import Anatomy
from workbench.criteria.evidence import BATCH_SIZE
from workbench.data import Dataset, open_data
from workbench.models import open_model
from workbench.pruned import PrunedModel
from workbench.sensitivity import gradient_curves, scan

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WEIGHTS: Mapping[str, str] = {
    "resnet20": "resnet20-12fca82f.th",
    "resnet56": "resnet56-4bfd9763.th",
}
BORDERS = (0.0, 0.1, 0.2, 0.3, 0.5, np.inf)


def main() -> None:
    """Print one section per network and granularity."""
    arguments = argparse.ArgumentParser()
    names = ("digits", *WEIGHTS)
    arguments.add_argument("--networks", nargs="*", choices=names, default=list(names))
    arguments.add_argument("--granularity", nargs="*", default=["channel"])
    options = arguments.parse_args()
    for name in options.networks:
        model, dataset = opened(name)
        for granularity in options.granularity:
            compare(name, model, dataset, Plan(granularity=granularity))


def opened(name: str) -> tuple[PrunedModel, Dataset]:
    """A trained network and its data."""
    if name == "digits":
        dataset = open_data("digits")
        opened = open_model("digits_cnn", num_classes=10, input_shape=(1, 8, 8))
    else:
        dataset = open_data("npz:cifar10.npz", normalize=NORMALIZE)
        opened = open_model(name, num_classes=10, input_shape=(3, 32, 32), weights=WEIGHTS[name])
    module = opened.module
    return PrunedModel(Anatomy.of(module, dataset.example_input()), module), dataset


def compare(name: str, model: PrunedModel, dataset: Dataset, plan: Plan) -> None:
    """Estimate, scan, and print what they have to do with each other."""
    start = time.perf_counter()
    order = torch.Generator().manual_seed(plan.seed)
    curves = gradient_curves(model, dataset.train.batches(BATCH_SIZE, shuffle=order), plan)
    seconds = time.perf_counter() - start
    found = scan(model, dataset, plan)
    estimates = np.array(
        [
            dict(zip(c.ratios, c.changes, strict=True))[point.ratio]
            for point in found.points
            for c in [curves[point.unit]]
        ]
    )
    losses, ratios = ([getattr(p, figure) for p in found.points] for figure in ("loss", "ratio"))
    lost = 100 * np.array([found.baseline.accuracy - point.accuracy for point in found.points])
    print(f"## {name}, {plan.granularity}: {len(found.points)} points, {seconds:.1f} s\n")
    print(
        f"Rank correlation with the loss: estimate {spearmanr(estimates, losses)[0]:.2f}, ", end=""
    )
    print(f"ratio {spearmanr(ratios, losses)[0]:.2f}.\n")
    print("| score change | points | median lost | most lost |\n|---|---|---|---|")
    for low, high in pairwise(BORDERS):
        own = lost[(estimates >= low) & (estimates < high)]
        if len(own):
            print(f"| from {low:.0%} | {len(own)} | {np.median(own):.1f} | {own.max():.1f} |")
    print()


if __name__ == "__main__":
    main()
