"""What a user can do, each as one frozen record; history, journal, recipe and code render it."""

from workbench.actions.base import Action
from workbench.actions.finetune import Finetune
from workbench.actions.open import Open
from workbench.actions.prune import Prune
from workbench.actions.registry import ACTIONS, action_from_json

__all__ = ["ACTIONS", "Action", "Finetune", "Open", "Prune", "action_from_json"]
