"""ResNet-56 on CIFAR-10 at 2.1 times fewer MACs, without fine-tuning: who spends them best?

    PRUNING_WORKBENCH_DATA=/path/to/data python benchmarks/allocation_resnet56.py
        [--keep 0.476] [--ratios 0.1 0.3 0.5 0.7 0.9] [--criterion l2] [--batches 2] [--peer-only]

Every network is pruned to the same share of multiply-adds, then its batch norms' statistics are
estimated again on the same 512 training images; nothing is trained. Sensitivity is measured on the
512 validation images of the probe set, with recalibration on `--batches` times 64 training images
before every measurement. Accuracy is
that of all 10,000 test images (1,000 of them were the validation data: that is for comparison with
published figures) and of the other 9,000. Torch-Pruning
(https://github.com/VainF/Torch-Pruning, ``pip install torch-pruning==1.6.1``) ranks layers
together by l2 norms, in steps until it is at the same share. It does not see how shortcuts that
fill up with zeros shift channels: with all layers ranked, its network does not run. So it prunes
the first layer of every block only, and is told which these are. `--peer-only` leaves out the scan
and the workbench.
"""

import argparse
import copy
import re
import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from workbench import Plan, Session
from workbench.criteria.evidence import BATCH_SIZE
from workbench.measure.accuracy import evaluate
from workbench.recalibration import BATCHES, Recalibration

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
ALLOCATORS = ("best", "greedy", "global", "uniform")
STEPS = 100
FIRST_OF_BLOCK = re.compile(r"layer\d+\.\d+\.conv1$")


def main() -> None:
    """Print one row per way of pruning."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--keep", type=float, default=1 / 2.1)
    arguments.add_argument("--ratios", type=float, nargs="*", default=[0.1, 0.3, 0.5, 0.7, 0.9])
    arguments.add_argument("--criterion", default="l2")
    arguments.add_argument("--batches", type=int, default=2, help="to recalibrate on in the scan")
    arguments.add_argument("--peer-only", action="store_true")
    options = arguments.parse_args()
    with Session(
        "resnet56", "npz:cifar10.npz", weights="resnet56-4bfd9763.th", normalize=NORMALIZE
    ) as session:
        bench = Bench(session)
        print("| pruned by | MACs kept | accuracy of 10,000 | of 9,000 | estimated | s |")
        print("|---|---|---|---|---|---|")
        bench.row("nothing", session.model, None, 0.0)
        scanned_s = 0.0 if options.peer_only else workbench_rows(session, bench, options)
        start = time.perf_counter()
        theirs = torch_pruned(session.model, bench.inputs, options.keep)
        bench.row("Torch-Pruning, global l2", theirs, None, time.perf_counter() - start)
    print(f"\nThe scan took {scanned_s:.0f} s.")


def workbench_rows(session: Session, bench: "Bench", options: argparse.Namespace) -> float:
    """Scan, and print one row per allocator; returns the seconds of the scan."""
    session.plan = plan = Plan(criterion=options.criterion)
    start = time.perf_counter()
    session.scan_sensitivity(ratios=options.ratios, recalibrate=options.batches)
    scanned_s = time.perf_counter() - start
    order = torch.Generator().manual_seed(plan.seed)
    evidence = session.pruned.gather(plan, session.dataset.train.batches(BATCH_SIZE, shuffle=order))
    for allocator in ALLOCATORS:
        start = time.perf_counter()
        found = session.suggestion(allocator=allocator, macs=options.keep)
        seconds = time.perf_counter() - start
        pruned, _ = session.pruned.prune(found.plan, evidence)
        bench.row(f"workbench, {allocator}", pruned.module, found.point.accuracy, seconds)
    return scanned_s


class Bench:
    """What all ways of pruning share: how they are recalibrated and measured."""

    def __init__(self, session: Session) -> None:
        dataset = session.dataset
        self._recalibration = Recalibration.from_split(dataset.train, BATCHES, seed=0)
        self._splits = (dataset.test, dataset.validation)
        self.inputs = dataset.example_input()[:1]
        self._dense_macs = macs(session.model, self.inputs)

    def row(self, name: str, module: nn.Module, estimated: float | None, seconds: float) -> None:
        """Recalibrate, measure and print."""
        changed = module if name == "nothing" else self._recalibration.applied_to(module)
        test, validation = (evaluate(changed, split) for split in self._splits)
        right = test.accuracy * test.inputs + validation.accuracy * validation.inputs
        everything = right / (test.inputs + validation.inputs)
        kept = macs(module, self.inputs) / self._dense_macs
        shown = "" if estimated is None else f"{estimated:.1%}"
        print(
            f"| {name} | {kept:.3f} | {everything:.2%} | {test.accuracy:.2%} | {shown} "
            f"| {seconds:.2f} |",
            flush=True,
        )


def macs(module: nn.Module, inputs: torch.Tensor) -> int:
    """Multiply-adds of one input, as PyTorch counts them."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        copy.deepcopy(module)(inputs)
    return counter.get_total_flops() // 2


def torch_pruned(module: nn.Module, inputs: torch.Tensor, keep: float) -> nn.Module:
    """Torch-Pruning as its README shows it, step by step, but for layers that it cannot prune."""
    import torch_pruning as tp  # noqa: PLC0415 - not a dependency

    pruned = copy.deepcopy(module)
    dense_macs = macs(module, inputs)
    pruner = tp.pruner.MagnitudePruner(
        pruned,
        inputs,
        importance=tp.importance.MagnitudeImportance(p=2),
        global_pruning=True,
        pruning_ratio=0.9,
        iterative_steps=STEPS,
        ignored_layers=[
            layer
            for name, layer in pruned.named_modules()
            if isinstance(layer, nn.Conv2d | nn.Linear) and not FIRST_OF_BLOCK.search(name)
        ],
    )
    while macs(pruned, inputs) > keep * dense_macs:
        pruner.step()
    return pruned


if __name__ == "__main__":
    main()
