"""Ways to recover 90 % of weights removed, at equal epochs, from five dense digits networks.

    python benchmarks/recovery_digits.py [--ratio 0.9] [--seeds 5] [--epochs 4 8]

Every seed trains a dense network of its own, as the bundled one was trained. Every way then starts
from that network and trains for as many epochs in all, with the same settings; rounds divide them.
Nothing is chosen by looking at the test images, on which every figure is measured once.
Validation figures are printed as they come, for choices of method.
"""

import argparse
import copy
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from workbench.anatomy import Anatomy
from workbench.data import Dataset, open_data
from workbench.gradual import prune_gradually
from workbench.lottery import reinitialize, rewind
from workbench.measure.accuracy import Evaluation, evaluate
from workbench.models.train_digits_cnn import train
from workbench.plan import Plan
from workbench.pruned import PrunedModel
from workbench.session.rounds import RoundSettings
from workbench.training import FinetuneSettings, finetune

PLAN = Plan(granularity="weight", ratio=0.9)
DENSE_EPOCHS = 20
ROUNDS = 4
BUDGETS = (4, 8)  # epochs in all; every round takes a fourth
SCOPES = ("local", "global")

ONE_SHOT = "one-shot"
COLUMNS = ("way", "accuracy", "loss", "minus one-shot, points", "seeds better / equal / worse")


@dataclass(frozen=True)
class Start:
    """Where every way of a seed begins."""

    dense: PrunedModel
    dataset: Dataset
    plan: Plan

    def trained(self, model: PrunedModel, settings: FinetuneSettings) -> PrunedModel:
        """The model after fine-tuning."""
        module = copy.deepcopy(model.module)
        teacher = self.dense.module
        finetune(module, self.dataset, settings, masks=model.masks, teacher=teacher)
        return model.with_module(module)

    def pruned(self, **changes: object) -> PrunedModel:
        """The dense model with the plan carried out at once, or the plan with some changes."""
        return self.dense.prune(self.plan.with_(**changes))[0]


Way = Callable[[Start, FinetuneSettings], PrunedModel]


def one_shot(start: Start, settings: FinetuneSettings) -> PrunedModel:
    """Prune all of it, then train."""
    return start.trained(start.pruned(), settings)


def iterative(schedule: str) -> Way:
    """Prune a part and train, again and again, with ratios that rise by a schedule."""

    def way(start: Start, settings: FinetuneSettings) -> PrunedModel:
        model, each = start.dense, replace(settings, epochs=settings.epochs // ROUNDS)
        for interim in RoundSettings(ROUNDS, schedule).plans(start.dense, start.plan):
            model = start.trained(model.prune(interim)[0], each)
        return model

    return way


def gradual(start: Start, settings: FinetuneSettings) -> PrunedModel:
    """Prune while training, by a cubic schedule."""
    teacher = start.dense.module
    return prune_gradually(start.dense, start.plan, start.dataset, settings, teacher=teacher)[0]


def ticket(start: Start, settings: FinetuneSettings) -> PrunedModel:
    """Train; then prune a part, go back to the dense weights and train, again and again."""
    each = replace(settings, epochs=settings.epochs // ROUNDS)
    model = start.trained(start.dense, each)
    for interim in RoundSettings(ROUNDS - 1, "geometric").plans(start.dense, start.plan):
        model = start.trained(rewind(model.prune(interim)[0], start.dense), each)
    return model


def at_random(start: Start, settings: FinetuneSettings) -> PrunedModel:
    """One-shot, with as many weights of every layer chosen by lot."""
    lots = {name: 1 - float(flags.mean()) for name, flags in start.pruned().alive("weight").items()}
    model = start.pruned(criterion="random", scope="local", ratios=lots, seed=settings.seed)
    return start.trained(model, settings)


def from_scratch(start: Start, settings: FinetuneSettings) -> PrunedModel:
    """One-shot, with fresh weights in what is left."""
    return start.trained(reinitialize(start.pruned(), settings.seed), settings)


def distilled(way: Way) -> Way:
    """The same, learning from the dense network's answers as well."""
    return lambda start, settings: way(start, replace(settings, distillation=True))


WAYS: dict[str, Way] = {
    ONE_SHOT: one_shot,
    "iterative, cubic": iterative("cubic"),
    "iterative, geometric": iterative("geometric"),
    "gradual": gradual,
    "lottery ticket": ticket,
    "one-shot, distillation": distilled(one_shot),
    "iterative, cubic, distillation": distilled(iterative("cubic")),
    "gradual, distillation": distilled(gradual),
    "control: at random": at_random,
    "control: from scratch": from_scratch,
}


def main() -> None:
    """Print a table for every number of epochs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ratio", type=float, default=PLAN.ratio, help="of weights to remove")
    parser.add_argument("--epochs", type=int, nargs="*", default=BUDGETS)
    parser.add_argument("--scope", choices=SCOPES, default=PLAN.scope)
    parser.add_argument("--ways", nargs="*", choices=tuple(WAYS), default=tuple(WAYS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ways = {name: WAYS[name] for name in {ONE_SHOT: None, **dict.fromkeys(asked.ways)}}
    untrained: dict[str, list[Evaluation]] = {"dense": [], "pruned, not trained": []}
    found = {epochs: {name: list[Evaluation]() for name in ways} for epochs in asked.epochs}
    for seed in range(asked.seeds):
        start = begin(seed, PLAN.with_(scope=asked.scope, ratio=asked.ratio))
        untrained["dense"].append(tested(start, start.dense))
        untrained["pruned, not trained"].append(tested(start, start.pruned()))
        for epochs, of in found.items():
            for name, way in ways.items():
                model = way(start, FinetuneSettings(epochs, seed=seed))
                of[name].append(tested(start, model))
                known = evaluate(model.module, start.dataset.validation)
                print(
                    f"seed {seed}, {epochs} epochs, {name}: {said(of[name][-1:])} | validation "
                    f"{known.accuracy:.2%}, {known.loss:.4f}",
                    flush=True,
                )
    for epochs, of in found.items():
        print(f"\n{epochs} epochs in all, {asked.seeds} seeds:\n\n| {' | '.join(COLUMNS)} |")
        print("|---" * len(COLUMNS) + "|")
        for name, tests in untrained.items():
            print(f"| {name} | {said(tests)} | | |")
        for name, tests in of.items():
            print(f"| {name} | {said(tests)} | {compared(tests, of[ONE_SHOT])} |")


def begin(seed: int, plan: Plan) -> Start:
    """Train the dense network of a seed."""
    dataset = open_data("digits")
    module = train(dataset, seed=seed, epochs=DENSE_EPOCHS)
    dense = PrunedModel(Anatomy.of(module, dataset.example_input()), module)
    return Start(dense, dataset, plan)


def tested(start: Start, model: PrunedModel) -> Evaluation:
    """What it answers to the test images."""
    return evaluate(model.module, start.dataset.test)


def said(tests: list[Evaluation]) -> str:
    """Mean and standard deviation of accuracy, and mean loss, over the seeds."""
    accuracies = [test.accuracy for test in tests]
    loss = statistics.mean(test.loss for test in tests)
    return f"{statistics.mean(accuracies):.2%} ± {100 * spread(accuracies):.2f} | {loss:.4f}"


def compared(tests: list[Evaluation], others: list[Evaluation]) -> str:
    """Differences to one-shot of the same seed, and how many go which way."""
    gains = [100 * (a.accuracy - b.accuracy) for a, b in zip(tests, others, strict=True)]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    counts = f"{better} / {len(gains) - better - worse} / {worse}"
    return f"{statistics.mean(gains):+.2f} ± {spread(gains):.2f} | {counts}"


def spread(values: list[float]) -> float:
    """Standard deviation of a sample; 0 for one value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
