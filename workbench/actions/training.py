"""The actions that train, and so can be interrupted and resumed; and those done in a series."""

from workbench.actions.finetune import Finetune
from workbench.actions.prune import Prune
from workbench.actions.prune_gradually import PruneGradually
from workbench.actions.reinitialize import Reinitialize
from workbench.actions.rewind import Rewind

Training = Finetune | PruneGradually

InSeries = Training | Prune | Rewind | Reinitialize
"""Pruning in rounds, lottery tickets and controls are made of these."""
