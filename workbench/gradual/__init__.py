"""Gradual pruning: a plan carried out little by little while the module trains."""

from workbench.gradual.masks import GradualMasks
from workbench.gradual.prune import prune_gradually
from workbench.gradual.settings import GradualSettings

__all__ = ["GradualMasks", "GradualSettings", "prune_gradually"]
