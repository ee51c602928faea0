"""Rules that say what to remove first: one criterion per file, and a registry."""

from workbench.criteria.base import Criterion
from workbench.criteria.registry import CRITERIA, criterion_named

__all__ = ["CRITERIA", "Criterion", "criterion_named"]
