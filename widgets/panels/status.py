"""Status line: what runs, how far it is, and Cancel; or what came of it."""

from collections.abc import Callable

import ipywidgets

from widgets import wording
from widgets.panels.controls import action_button, enable, set_text, text
from workbench.events import Event, TaskEnded, TaskProgress, TaskStarted
from workbench.session.knowledge import LEARNING

UNSEEN = ("spot check", "preview", "timing", "channels")
"""Kinds of task whose progress shows where their outcome does, or nowhere."""

UNSUNG = (*UNSEEN, *LEARNING, "compare", "energy")
"""Kinds of task whose good end is seen elsewhere."""

_SPEAK_ELSEWHERE = ("compare", "suggest")
"""Kinds of task whose failure is told beside the controls that asked for them."""


class StatusPanel:
    """Text, a progress bar and Cancel.

    Args:
        cancel: Called when Cancel is pressed.
        about: What to add to the news that a task is done.
    """

    def __init__(
        self, cancel: Callable[[], None], about: Callable[[TaskEnded], str] = lambda event: ""
    ) -> None:
        self._about = about
        self._running: dict[int, TaskStarted] = {}
        self._progress: TaskProgress | None = None
        self._message, self._failed = "ready", False
        self._text = text("status-text", "ready")
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "140px"})
        self._bar.add_class("pw-progress")
        self._cancel = action_button("Cancel", "cancel", cancel)
        self.root = ipywidgets.HBox([self._text, self._bar, self._cancel])
        self.root.add_class("pw-status")
        self.update()

    def note(self, event: Event) -> None:
        """Remember what an event says; `update` shows it."""
        match event:
            case TaskStarted():
                self._running[event.task_id] = event
                self._progress = None
                if event.kind not in UNSUNG:
                    self._failed = False
            case TaskProgress():
                self._progress = event
            case TaskEnded():
                self._running.pop(event.task_id, None)
                self._ended(event)

    def say(self, message: str, *, failed: bool = False) -> None:
        """Show a message once nothing runs."""
        self._message, self._failed = message, failed

    def _ended(self, event: TaskEnded) -> None:
        if event.kind in _SPEAK_ELSEWHERE and event.outcome == "failed":
            return
        if event.outcome == "failed":
            self.say(f"{event.title} failed: {event.error}", failed=True)
        elif event.kind in UNSUNG:
            return
        elif event.outcome == "cancelled":
            self.say(f"{event.title} was cancelled; nothing was changed.")
        elif not self._failed:
            self.say(f"{event.title}: done{self._about(event)}")

    def update(self) -> None:
        """Show the state."""
        seen = (task for task in self._running.values() if task.kind not in UNSEEN)
        running = next(seen, None)
        shown = running is not None
        self._bar.layout.visibility = "visible" if shown else "hidden"
        enable(
            self._cancel, "Stop what runs; committed steps stay", "" if shown else "nothing runs"
        )
        self._cancel.layout.visibility = "visible" if shown else "hidden"
        if running is not None:
            set_text(self._text, f"{running.title}{self._how_far(running)}")
        else:
            set_text(self._text, self._message)
        mark = self._text.add_class if self._failed and not shown else self._text.remove_class
        mark("pw-failed")

    def _how_far(self, running: TaskStarted) -> str:
        progress = self._progress
        if progress is None or progress.task_id != running.task_id:
            return " …"
        self._bar.value = progress.done / progress.total if progress.total else 0
        left = f" · {wording.time_left(progress.eta_s)}" if progress.eta_s is not None else ""
        return f" · {progress.message}{left}"
