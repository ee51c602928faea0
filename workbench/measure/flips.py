"""Which inputs a plan makes the model answer differently."""

from dataclasses import dataclass

import numpy as np

from workbench.errors import InternalError
from workbench.measure.accuracy import Evaluation

BROKEN, REPAIRED, MOVED = "right to wrong", "wrong to right", "wrong to another wrong"
KINDS = (BROKEN, REPAIRED, MOVED)
"""Kinds of change, from the one that matters most."""


@dataclass(frozen=True, eq=False)
class Flips:
    """Inputs of a split whose predicted class changes.

    They are ordered by kind as `KINDS` are, and by index within a kind.

    Attributes:
        indices: Positions in the split, shape ``(flips,)``.
        labels: True classes, shape ``(flips,)``.
        before, after: Predicted classes, shape ``(flips,)``.
        inputs: Number of inputs of the split.
    """

    indices: np.ndarray
    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray
    inputs: int

    @classmethod
    def between(cls, labels: np.ndarray, before: Evaluation, after: Evaluation) -> "Flips":
        """Compare what two models answered on the same split.

        Args:
            labels: True classes, shape ``(inputs,)``.
            before: Of the model as it is.
            after: Of the model with a plan carried out.
        """
        old, new = before.predictions.numpy(), after.predictions.numpy()
        if not len(labels) == len(old) == len(new):
            raise InternalError(
                f"answers to compare must be of one split, got {len(labels)} labels, {len(old)} "
                f"answers before and {len(new)} after"
            )
        flipped = np.flatnonzero(old != new)
        order = np.argsort(_kinds(labels, old, new)[flipped], kind="stable")
        chosen = flipped[order]
        return cls(chosen, labels[chosen], old[chosen], new[chosen], len(labels))

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each."""
        return tuple(KINDS[kind] for kind in _kinds(self.labels, self.before, self.after))

    @property
    def counts(self) -> dict[str, int]:
        """By kind, how many there are."""
        kinds = self.kinds
        return {kind: kinds.count(kind) for kind in KINDS}


def _kinds(labels: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Index into `KINDS` of each input."""
    return np.where(before == labels, 0, np.where(after == labels, 1, 2))
