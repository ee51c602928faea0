"""N:M patterns: of every M consecutive weights along the inputs, at most N are kept."""

import re
from dataclasses import dataclass

import numpy as np

from workbench.errors import PlanError

_WRITTEN = re.compile(r"\s*([0-9]{1,6})\s*:\s*([0-9]{1,6})\s*")


@dataclass(frozen=True)
class Pattern:
    """How many weights of a block are kept.

    Attributes:
        n: Weights kept in every block.
        m: Consecutive weights that make a block.

    Reference:
        Mishra et al., Accelerating Sparse Deep Neural Networks, arXiv:2104.08378.
    """

    n: int
    m: int

    @classmethod
    def parse(cls, text: object) -> "Pattern":
        """The pattern that ``"2:4"`` stands for.

        Raises:
            PlanError: If it is not two whole numbers with 1 <= n < m.
        """
        written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        n, m = (int(number) for number in written.groups()) if written else (0, 0)
        if not 1 <= n < m:
            raise PlanError(
                f"pattern of a plan must be 'n:m' in whole numbers with 1 <= n < m, got {text!r}. "
                "Use for example '2:4', which keeps 2 of every 4 weights."
            )
        return cls(n, m)

    def __str__(self) -> str:
        return f"{self.n}:{self.m}"

    @property
    def sparsity(self) -> float:
        """Fraction of the weights that the pattern removes."""
        return 1 - self.n / self.m

    def is_on(self, ratio: float) -> bool:
        """Whether a requested ratio means the pattern: from half of its own sparsity on."""
        return ratio > 0 and ratio >= self.sparsity / 2


@dataclass(frozen=True, eq=False)
class Layout:
    """How a layer's blocks lie in the dense weight of which some slices may be gone.

    Blocks follow the inputs: the features of a linear layer; the input channels of a convolution,
    for each filter and kernel position by itself. That is the order sparse tensor cores multiply
    in, and the one of NVIDIA's ASP.

    Attributes:
        present: Flat bool over the dense weight: what the tensor still holds.
        shape: Of the tensor now: ``(outputs, inputs, *kernel)``.
    """

    present: np.ndarray
    shape: tuple[int, ...]

    def fits(self, pattern: Pattern) -> bool:
        """Whether the inputs divide into whole blocks."""
        return self.shape[1] % pattern.m == 0

    def blocks(self, values: np.ndarray, pattern: Pattern) -> np.ndarray:
        """Values of the dense weight, flat, as a copy of shape ``(blocks, m)``."""
        tensor = values[self.present].reshape(self.shape)
        blocks: np.ndarray = np.moveaxis(tensor, 1, -1).reshape(-1, pattern.m)
        return blocks

    def best(self, ranks: np.ndarray, pattern: Pattern) -> np.ndarray:
        """The n highest of every block, flat bool over the dense weight; of equal ones the first.

        Args:
            ranks: Flat over the dense weight; what is gone ranks at minus infinity and stays gone.
            pattern: Its blocks fit.
        """
        blocks = self.blocks(ranks, pattern)
        order = np.argsort(-blocks, axis=1, kind="stable")[:, : pattern.n]
        kept = np.zeros(blocks.shape, bool)
        np.put_along_axis(kept, order, values=True, axis=1)
        kept &= blocks > -np.inf
        outputs, inputs, *kernel = self.shape
        flat = np.zeros(len(self.present), bool)
        flat[self.present] = np.moveaxis(kept.reshape(outputs, *kernel, inputs), -1, 1).ravel()
        return flat

    def count(self, flags: np.ndarray, pattern: Pattern) -> int:
        """How many of the flagged weights the pattern leaves, were they the best of each block."""
        return int(np.minimum(self.blocks(flags, pattern).sum(axis=1), pattern.n).sum())
