"""The actions that train, and so can be interrupted and resumed."""

from workbench.actions.finetune import Finetune
from workbench.actions.prune_gradually import PruneGradually

Training = Finetune | PruneGradually
