"""What a user can do, each as one frozen record; history, journal, recipe and code render it."""

from workbench.actions.base import Action
from workbench.actions.checkout import Checkout
from workbench.actions.export import Export
from workbench.actions.finetune import Finetune
from workbench.actions.measure import Measure
from workbench.actions.open import Open
from workbench.actions.prune import Prune
from workbench.actions.prune_gradually import PruneGradually
from workbench.actions.recalibrate import Recalibrate
from workbench.actions.redo import Redo
from workbench.actions.registry import ACTIONS, action_from_json
from workbench.actions.reinitialize import Reinitialize
from workbench.actions.rename import Rename
from workbench.actions.rewind import Rewind
from workbench.actions.scan_sensitivity import ScanSensitivity
from workbench.actions.script import script_of
from workbench.actions.set_plan import SetPlan
from workbench.actions.set_targets import SetTargets
from workbench.actions.training import InSeries, Training
from workbench.actions.undo import Undo
from workbench.actions.use_device import UseDevice

__all__ = [
    "ACTIONS",
    "Action",
    "Checkout",
    "Export",
    "Finetune",
    "InSeries",
    "Measure",
    "Open",
    "Prune",
    "PruneGradually",
    "Recalibrate",
    "Redo",
    "Reinitialize",
    "Rename",
    "Rewind",
    "ScanSensitivity",
    "SetPlan",
    "SetTargets",
    "Training",
    "Undo",
    "UseDevice",
    "action_from_json",
    "script_of",
]
