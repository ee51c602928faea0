"""All actions by name: a new one is one file and one line here."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

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
from workbench.actions.reinitialize import Reinitialize
from workbench.actions.rename import Rename
from workbench.actions.rewind import Rewind
from workbench.actions.scan_sensitivity import ScanSensitivity
from workbench.actions.set_plan import SetPlan
from workbench.actions.set_targets import SetTargets
from workbench.actions.undo import Undo
from workbench.actions.use_device import UseDevice
from workbench.errors import ActionError

_ALL: tuple[type[Action], ...] = (
    Open,
    SetPlan,
    SetTargets,
    ScanSensitivity,
    Prune,
    PruneGradually,
    Finetune,
    Recalibrate,
    Rewind,
    Reinitialize,
    Measure,
    Undo,
    Redo,
    Checkout,
    Rename,
    UseDevice,
    Export,
)

ACTIONS: Mapping[str, type[Action]] = MappingProxyType({action.kind: action for action in _ALL})


def action_from_json(data: object) -> Action:
    """The inverse of `Action.to_json`.

    Raises:
        ActionError: If the data is no action, or one that this version does not know.
        WorkbenchError: If an argument is unknown, missing or out of range.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("action"), str):
        raise ActionError(f"an action must be an object with the key 'action', got {data!r}.")
    kind: Any = data["action"]
    if kind not in ACTIONS:
        close = get_close_matches(kind, ACTIONS, n=1)
        suggestion = f" Did you mean {close[0]!r}?" if close else ""
        raise ActionError(f"action must be one of {', '.join(ACTIONS)}, got {kind!r}.{suggestion}")
    return ACTIONS[kind].from_arguments({k: v for k, v in data.items() if k != "action"})
