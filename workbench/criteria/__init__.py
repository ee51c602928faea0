"""Rules that say what to remove first: one criterion per file, and a registry."""

from workbench.criteria.base import Criterion
from workbench.criteria.evidence import Evidence
from workbench.criteria.registry import CRITERIA, criteria_for, criterion_named

__all__ = ["CRITERIA", "Criterion", "Evidence", "criteria_for", "criterion_named"]
