"""Regularizers that make channels easy to remove later."""

from workbench.training.regularization.base import Penalty
from workbench.training.regularization.registry import REGULARIZERS, penalty_for

__all__ = ["REGULARIZERS", "Penalty", "penalty_for"]
