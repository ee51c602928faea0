"""A line about fine-tuning that was stopped before its end: go on with it, or not."""

from collections.abc import Callable

import ipywidgets

from widgets.panels.controls import action_button, enable, set_text, show, text
from widgets.reasons import why_no_step
from workbench import Session
from workbench.session.training_runs import Interrupted


class InterruptedPanel:
    """Shown as long as there is something to go on with.

    Args:
        session: Whose fine-tuning it is.
        resume, discard: Called when the buttons are pressed.
    """

    def __init__(
        self, session: Session, resume: Callable[[], None], discard: Callable[[], None]
    ) -> None:
        self._session = session
        self._text = text("interrupted-text")
        self._resume = action_button("Resume", "resume", resume, style="primary")
        self._discard = action_button("Discard", "discard", discard)
        self.root = ipywidgets.HBox([self._text, self._resume, self._discard])
        self.root.add_class("pw-interrupted")
        self.update()

    def update(self) -> None:
        """Show what can be done now."""
        found, reason = self._session.interrupted, why_no_step(self._session)
        show(self.root, found is not None)
        if found is None:
            return
        set_text(self._text, _said(found, self._session.history.current.id))
        enable(self._resume, "Go on as if nothing had happened", reason)
        enable(self._discard, "Do not go on with it; its chart stays", reason)


def _said(found: Interrupted, current: int) -> str:
    count = len(found.then)
    if found.committed:
        left = "1 step is left" if count == 1 else f"{count} steps are left"
        return f"A series of steps was interrupted after step {found.step_id}: {left}"
    of_step = "" if found.step_id == current else f" of step {found.step_id}"
    more = "1 more step is" if count == 1 else f"{count} more steps are"
    following = f", {more} to follow" if count else ""
    return (
        f"Fine-tuning{of_step} was interrupted at epoch {found.epoch} of {found.epochs}{following}"
    )
