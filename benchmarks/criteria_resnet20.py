"""Every criterion on a trained ResNet-20: accuracy on CIFAR-10 after pruning, without fine-tuning.

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/criteria_resnet20.py [--images 2000]

Channels are removed at 10 to 50 %, within each group (local scope) and across all groups (global
scope). Accuracy is that of the first `--images` of the 9,000 test images that are not used for
validation; random is the mean of `--seeds` draws. Criteria that read data see 256 training images.
In the column "50 % recalibrated" the batch norms' statistics are estimated again, on 512 training
images.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import torch

from workbench import Plan
from workbench.anatomy import Anatomy
from workbench.criteria import CRITERIA, Evidence
from workbench.criteria.evidence import BATCH_SIZE
from workbench.data import Dataset, open_data
from workbench.data.dataset import Split
from workbench.data.splits import SubsetSplit
from workbench.measure.accuracy import evaluate
from workbench.models import open_model
from workbench.pruned import PrunedModel
from workbench.recalibration import BATCHES, Recalibration

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
WEIGHTS = "resnet20-12fca82f.th"
RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5)
SCOPES = ("local", "global")


def main() -> None:
    """Print one row per criterion and scope."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=2000)
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--criteria", nargs="*", choices=CRITERIA, default=list(CRITERIA))
    options = arguments.parse_args()
    dataset, model = opened(Path(os.environ["PRUNING_WORKBENCH_DATA"]))
    images = SubsetSplit(dataset.test, torch.arange(options.images))  # type: ignore[arg-type]
    next(dataset.train.batches(1))  # the images are unpacked when they are first read
    whole = evaluate(model.module, images).accuracy
    print(f"Dense: {whole:.1%} of {options.images:,} test images. Accuracy in % after removing\n")
    ratios = " | ".join(f"{ratio:.0%}" for ratio in RATIOS)
    print(f"| criterion | scope | {ratios} | mean | {RATIOS[-1]:.0%} recalibrated | scoring |")
    print("|---|---|" + "---|" * (len(RATIOS) + 3))
    for name in options.criteria:
        seeds = options.seeds if name == "random" else 1
        show(model, dataset, images, name, range(seeds))


def opened(directory: Path) -> tuple[Dataset, PrunedModel]:
    """CIFAR-10, and the trained network."""
    dataset = open_data(f"npz:{directory / 'cifar10.npz'}", normalize=NORMALIZE)
    module = open_model(
        "resnet20", num_classes=10, input_shape=(3, 32, 32), weights=str(directory / WEIGHTS)
    ).module
    return dataset, PrunedModel(Anatomy.of(module, dataset.example_input()), module)


def show(model: PrunedModel, dataset: Dataset, images: Split, name: str, seeds: range) -> None:
    """Print a criterion's rows, each the mean over the seeds."""
    runs: dict[str, list[list[float]]] = {scope: [] for scope in SCOPES}
    recalibrated: dict[str, list[float]] = {scope: [] for scope in SCOPES}
    recalibration = Recalibration.from_split(dataset.train, BATCHES, seed=0)
    for seed in seeds:
        plan = Plan(criterion=name, seed=seed)
        start = time.perf_counter()
        order = torch.Generator().manual_seed(seed)
        evidence = model.gather(plan, dataset.train.batches(BATCH_SIZE, shuffle=order))
        model.scores(plan, evidence)
        scoring_s = time.perf_counter() - start
        for scope in SCOPES:
            scoped = plan.with_(scope=scope)
            runs[scope].append(accuracies(model, images, scoped, evidence))
            pruned, _ = model.prune(scoped.with_ratios(RATIOS[-1]), evidence)
            again = recalibration.applied_to(pruned.module)
            recalibrated[scope].append(evaluate(again, images).accuracy)
    for scope in SCOPES:
        by_ratio = [statistics.mean(column) for column in zip(*runs[scope], strict=True)]
        means = [statistics.mean(run) for run in runs[scope]]
        spread = f" ± {100 * statistics.stdev(means):.1f}" if len(means) > 1 else ""
        shown = " | ".join(f"{100 * accuracy:.1f}" for accuracy in by_ratio)
        mean = f"{100 * statistics.mean(means):.1f}{spread}"
        after = f"{100 * statistics.mean(recalibrated[scope]):.1f}"
        print(f"| {name} | {scope} | {shown} | {mean} | {after} | {scoring_s:.2f} s |", flush=True)


def accuracies(model: PrunedModel, images: Split, plan: Plan, evidence: Evidence) -> list[float]:
    """Accuracy after removing each of the ratios."""
    found = []
    for ratio in RATIOS:
        pruned, _ = model.prune(plan.with_ratios(ratio), evidence)
        found.append(evaluate(pruned.module, images).accuracy)
    return found


if __name__ == "__main__":
    main()
