"""A figure that was predicted, and how far off it may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A prediction with the interval that about nine in ten of its like were right by.

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
