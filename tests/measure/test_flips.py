"""Which answers change, by kind."""

import numpy as np
import pytest
import torch

from workbench.errors import InternalError
from workbench.measure.accuracy import Evaluation
from workbench.measure.flips import BROKEN, MOVED, REPAIRED, Flips

LABELS = np.array([0, 1, 2, 3, 0, 1])


def answers(*classes: int) -> Evaluation:
    unused = torch.zeros(len(classes), dtype=torch.int64)
    return Evaluation(0.5, 1.0, len(classes), torch.tensor(classes), unused, unused)


def test_only_changed_answers_are_kept_the_worst_kind_first() -> None:
    flips = Flips.between(LABELS, answers(0, 0, 0, 3, 0, 2), answers(0, 1, 1, 2, 3, 2))
    assert flips.indices.tolist() == [3, 4, 1, 2]
    assert flips.kinds == (BROKEN, BROKEN, REPAIRED, MOVED)
    assert flips.labels.tolist() == [3, 0, 1, 2]
    assert flips.before.tolist() == [3, 0, 0, 0]
    assert flips.after.tolist() == [2, 3, 1, 1]
    assert flips.counts == {BROKEN: 2, REPAIRED: 1, MOVED: 1}
    assert (len(flips), flips.inputs) == (4, 6)


def test_the_same_answers_are_no_flips() -> None:
    flips = Flips.between(LABELS, answers(*LABELS), answers(*LABELS))
    assert len(flips) == 0 and set(flips.counts.values()) == {0}


def test_answers_of_different_splits_are_not_compared() -> None:
    with pytest.raises(InternalError, match="6 labels, 6 answers before and 5 after"):
        Flips.between(LABELS, answers(*LABELS), answers(*LABELS[:5]))
