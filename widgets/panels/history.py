"""History panel: the tree of all steps, and undo and redo."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets

from widgets.history_rows import history_rows
from widgets.history_tree import HistoryTree
from widgets.intents import Intent
from widgets.panels.controls import action_button, enable
from widgets.reasons import why_no_step, why_still
from workbench import Session


@dataclass(frozen=True)
class HistoryActions:
    """What the panel asks for.

    Attributes:
        undo, redo: Called when the buttons are pressed.
        go: Called with the step to go to.
        rename: Called with a step, its name and its remark.
        compare: Called with the steps that were ticked, none to two.
        save: Called when the table is to be saved; see `HistoryPanel.send_csv`.
    """

    undo: Callable[[], None]
    redo: Callable[[], None]
    go: Callable[[int], None]
    rename: Callable[[int, str, str], None]
    compare: Callable[[list[int]], None]
    save: Callable[[], None]


class HistoryPanel:
    """The tree, and two buttons for elsewhere.

    Args:
        session: Whose history it is.
        actions: What to call.
    """

    def __init__(self, session: Session, actions: HistoryActions) -> None:
        self._session, self._actions = session, actions
        self._undo = action_button("↶ Undo", "undo", actions.undo)
        self._redo = action_button("↷ Redo", "redo", actions.redo)
        self.buttons = ipywidgets.HBox([self._undo, self._redo])
        self.root = HistoryTree(self._intent)

    def update(self, chosen: Sequence[int], pair: Sequence[int]) -> None:
        """Show all steps, and what can be undone and redone.

        Args:
            chosen: Those that are ticked.
            pair: The two that are compared.
        """
        history = self._session.history
        reason = why_still(self._session)
        can_undo = "" if history.can_undo else "this is the model as it was opened"
        can_redo = "" if history.can_redo else "nothing was undone"
        enable(self._undo, "Go back one step (Ctrl+Z)", reason or can_undo)
        enable(self._redo, "Return to the step undone last (Ctrl+Shift+Z)", reason or can_redo)
        rows = history_rows(self._session)
        fixed = self._session.read_only and why_no_step(self._session)
        self.root.show(rows, history.current.id, chosen, pair, reason, fixed)

    def send_csv(self) -> None:
        """Give the page the table that it asked for."""
        self.root.send_csv("history.csv", self._session.history.to_csv())

    def _intent(self, intent: Intent) -> None:
        match intent:
            case {"type": "go", "step": step}:
                self._actions.go(step)
            case {"type": "rename", "step": step, "name": name, "remark": remark}:
                self._actions.rename(step, name, remark)
            case {"type": "compare", "steps": steps}:
                self._actions.compare(steps)
            case {"type": "csv"}:
                self._actions.save()
