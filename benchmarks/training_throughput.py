"""Training throughput beside a plain PyTorch loop with the same settings, in turn, in one run.

python benchmarks/training_throughput.py

Ours streams every event to a listener, holds masks, checks for divergence and keeps the last
good weights; the plain loop does nothing but train, and measure validation accuracy after every
epoch. ResNet-20 needs PRUNING_WORKBENCH_DATA; without it only the digits network is timed.

On a machine that others use as well, --cpu-time counts the seconds of this process alone.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from workbench.data import Dataset, open_data
from workbench.data.splits import SubsetSplit, in_memory
from workbench.errors import WorkbenchError
from workbench.events import Event, EventBus
from workbench.models import open_model
from workbench.session.training_log import TrainingLog
from workbench.training import FinetuneSettings, finetune

NORMALIZE = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def main() -> None:
    """Print a row for each network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--inputs", type=int, default=1024, help="of CIFAR-10, a round")
    parser.add_argument("--cpu-time", action="store_true")
    asked = parser.parse_args()
    rounds, clock = asked.rounds, time.process_time if asked.cpu_time else time.perf_counter
    torch.set_num_threads(1)
    print(
        "| network | batch | inputs | plain, inputs/s | ours, inputs/s | ours / plain, per round |"
    )
    print("|---|---|---|---|---|---|")
    digits = open_data("digits")
    settings = FinetuneSettings(epochs=3)
    compare("digits network", opened("digits_cnn", digits), digits, settings, rounds, clock)
    try:
        cifar = cut(open_data("npz:cifar10.npz", normalize=NORMALIZE), asked.inputs, 256)
    except WorkbenchError as error:
        print(f"\nResNet-20 left out: {error}")
        return
    settings = FinetuneSettings(
        epochs=1, optimizer="sgd", learning_rate=0.05, schedule="cosine", batch_size=128
    )
    module = opened("resnet20", cifar, "resnet20-12fca82f.th")
    compare("ResNet-20, CIFAR-10", module, cifar, settings, rounds, clock)


def opened(name: str, data: Dataset, weights: str | None = None) -> nn.Module:
    """A network as a session opens it."""
    return open_model(
        name, num_classes=len(data.classes), input_shape=data.input_shape, weights=weights
    ).module


def cut(data: Dataset, training: int, validation: int) -> Dataset:
    """The first inputs of every split, so that a round takes seconds."""
    return replace(
        data,
        train=in_memory(SubsetSplit(data.train, torch.arange(training))),  # type: ignore[arg-type]
        validation=in_memory(SubsetSplit(data.validation, torch.arange(validation))),  # type: ignore[arg-type]
    )


def compare(
    name: str,
    module: nn.Module,
    data: Dataset,
    settings: FinetuneSettings,
    rounds: int,
    clock: Callable[[], float],
) -> None:
    """Print one row: medians, and the median and quartiles of the rounds' own ratios."""
    ways = (plain, ours)
    for way in ways:  # warm up
        way(copy.deepcopy(module), data, settings)
    seconds: dict[Callable[..., None], list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 else reversed(ways):
            copied = copy.deepcopy(module)
            start = clock()
            way(copied, data, settings)
            seconds[way].append(clock() - start)
    inputs = settings.epochs * len(data.train)
    rates = [inputs / statistics.median(seconds[way]) for way in ways]
    ratios = [a / b for a, b in zip(seconds[plain], seconds[ours], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(
        f"| {name} | {settings.batch_size} | {inputs} | {rates[0]:,.0f} | {rates[1]:,.0f} "
        f"| {middle:.3f} (quartiles {low:.3f} to {high:.3f}) |",
        flush=True,
    )


def ours(module: nn.Module, data: Dataset, settings: FinetuneSettings) -> None:
    """`finetune`, with a listener that keeps what charts show."""
    bus, count = EventBus(), [0]
    bus.subscribe(TrainingLog())

    def listen(event: Event) -> None:
        count[0] += 1

    bus.subscribe(listen)
    finetune(module, data, settings, report=bus.emit)
    assert count[0] > settings.epochs


def plain(module: nn.Module, data: Dataset, settings: FinetuneSettings) -> None:
    """What a person would write, with the same optimizer, schedule, batches and validation."""
    steps = -(-len(data.train) // settings.batch_size)
    rate, decay = settings.learning_rate, settings.weight_decay
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    if settings.optimizer == "sgd":
        optimizer = torch.optim.SGD(
            module.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=decay
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps * settings.epochs)
    else:
        optimizer = torch.optim.AdamW(module.parameters(), rate, weight_decay=decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rate, total_steps=steps * settings.epochs + 1
        )
    order = torch.Generator().manual_seed(settings.seed)
    for _ in range(settings.epochs):
        module.train()
        for inputs, labels in data.train.batches(settings.batch_size, shuffle=order):
            optimizer.zero_grad()
            loss = F.cross_entropy(module(inputs), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        module.eval()
        right = 0
        with torch.no_grad():
            for inputs, labels in data.validation.batches(256):
                right += int((module(inputs).argmax(1) == labels).sum())


if __name__ == "__main__":
    main()
