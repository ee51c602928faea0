"""Adaptive figures: what is run, and what the inputs that were not run count for."""

from dataclasses import dataclass

import numpy as np
import pytest

from workbench.progress import SILENT
from workbench.sensitivity.adaptive import Adaptive
from workbench.sensitivity.routes import Chosen, Logits
from workbench.sensitivity.strategies import Answers, Exact, Known, Strategy

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
INPUTS, CLASSES = 512, 10


@dataclass(frozen=True)
class Ratio:
    achieved: float


class Walk:
    """Class scores that wander as more is removed, step by step; says what was run of them."""

    def __init__(self, step: float, seed: int = 0) -> None:
        draw = np.random.default_rng(seed)
        self.labels = draw.integers(0, CLASSES, INPUTS)
        start = draw.normal(0, 2, (INPUTS, CLASSES))
        start[np.arange(INPUTS), self.labels] += 7
        moves = draw.normal(0, step, (len(RATIOS), INPUTS, CLASSES)).cumsum(axis=0)
        self.known = Known(start.astype(np.float32), self.labels, 0.0)
        self.scores = dict(zip(RATIOS, (start + moves).astype(np.float32), strict=True))
        self.ran: dict[float, int] = dict.fromkeys(RATIOS, 0)
        self.order: list[float] = []

    def run(self, target: Ratio, chosen: Chosen | None, monitor: object) -> Logits:
        wanted = np.ones(INPUTS, np.bool_) if chosen is None else chosen
        self.ran[target.achieved] += int(wanted.sum())
        self.order.append(target.achieved)
        return self.scores[target.achieved][wanted]

    def scan(self, strategy: Strategy) -> dict[float, Answers]:
        targets = [Ratio(ratio) for ratio in RATIOS]
        found = strategy.answers(targets, self.known, self.run, SILENT)  # type: ignore[arg-type]
        return {answers.target.achieved: answers for answers in found}

    def accuracy(self, logits: Logits) -> float:
        return float((logits.argmax(axis=1) == self.labels).mean())


def figure(walk: Walk, answers: Answers) -> float:
    return walk.accuracy(answers.logits) + answers.surplus / INPUTS


@pytest.mark.parametrize("step", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_figures_are_as_sure_as_asked_however_fast_scores_move(step: float, seed: int) -> None:
    walk, asked = Walk(step, seed), 0.004
    errors = [
        figure(walk, answers) - walk.accuracy(walk.scores[ratio])
        for ratio, answers in walk.scan(Adaptive(error=asked)).items()
    ]
    assert np.sqrt(np.mean(np.square(errors))) <= 3 * asked
    assert np.abs(errors).max() <= 0.03


def test_what_hardly_moves_is_hardly_run_and_what_moves_is() -> None:
    still, lively = Walk(0.2), Walk(3.0)
    still.scan(Adaptive())
    lively.scan(Adaptive())
    between = RATIOS[:-1]
    assert sum(still.ran[ratio] for ratio in between) < 0.15 * INPUTS * len(between)
    assert sum(lively.ran[ratio] for ratio in between) > 0.5 * INPUTS * len(between)


def test_no_input_is_run_twice_and_the_highest_ratio_is_run_on_all() -> None:
    walk = Walk(1.0)
    found = walk.scan(Adaptive())
    assert walk.ran[0.9] == INPUTS
    assert {ratio: answers.ran for ratio, answers in found.items()} == walk.ran


@pytest.mark.parametrize("strategy", [Exact(), Adaptive()])
def test_targets_are_run_in_the_order_that_was_announced(strategy: Strategy) -> None:
    walk = Walk(1.0)
    walk.scan(strategy)
    announced = [target.achieved for target in strategy.ordered([Ratio(r) for r in RATIOS])]  # type: ignore[type-var]
    assert list(dict.fromkeys(walk.order)) == announced
    assert sorted(announced) == list(RATIOS)


def test_inputs_that_were_not_run_count_by_their_chances() -> None:
    """Where the first half is far from a bend, most that are off are off the same way."""
    walk = Walk(1.0)
    sure = walk.scan(Adaptive(error=0.02))
    counted = [figure(walk, answers) for answers in sure.values()]
    seeming = [walk.accuracy(answers.logits) for answers in sure.values()]
    exact = [walk.accuracy(walk.scores[ratio]) for ratio in sure]
    assert (
        np.abs(np.subtract(counted, exact)).mean()
        < 0.7 * np.abs(np.subtract(seeming, exact)).mean()
    )


def test_a_shift_of_all_inputs_is_seen_by_the_few_that_run() -> None:
    walk = Walk(0.01)
    walk.scores[0.4] = walk.scores[0.4] + np.array([9.0] + [0.0] * (CLASSES - 1), np.float32)
    found = walk.scan(Adaptive())[0.4]
    assert figure(walk, found) == pytest.approx(walk.accuracy(walk.scores[0.4]), abs=0.02)
