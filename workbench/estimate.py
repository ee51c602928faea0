"""A figure that was predicted, and how far off it may be."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A prediction with the interval that most of its like, 85 to 90 of 100, were right by.

    Attributes:
        value: What is expected.
        low, high: Ends of the interval; `value` lies within.
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    def scaled(self, factor: float) -> "Estimate":
        """The same in another unit; `factor` is positive."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, eq=False)
class Estimates:
    """The same figure predicted of many networks.

    Attributes:
        values: What is expected, shape ``(networks,)``.
        lows, highs: Ends of the intervals, of that shape; None as long as they are unknown.
    """

    values: np.ndarray = field(repr=False)
    lows: np.ndarray | None = field(default=None, repr=False)
    highs: np.ndarray | None = field(default=None, repr=False)

    def bar(self, network: int) -> Estimate | None:
        """One of them with its interval; None as long as that is unknown."""
        if self.lows is None or self.highs is None:
            return None
        ends = float(self.lows[network]), float(self.highs[network])
        return Estimate(float(self.values[network]), *ends)
