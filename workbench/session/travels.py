"""What moves a session through its history: undo, redo, and any step that was ever made."""

from collections.abc import Callable

from workbench.actions import Action, Checkout, Redo, Rename, Undo
from workbench.errors import BusyError
from workbench.events import HistoryChanged
from workbench.session.changes import Changes
from workbench.session.history import History, Step
from workbench.session.knowledge import CHANGES, OF_ONE_PLAN


class Travels(Changes):
    """The side of a session that goes from step to step; `Session` sets up its history."""

    _history: History

    def undo(self) -> Step:
        """Go back one step.

        Raises:
            HistoryError: If this is the first.
            BusyError: If a task that commits a step is under way.
        """
        return self._move(Undo(), self._history.undo)

    def redo(self) -> Step:
        """Return to the step undone last; errors as for `undo`."""
        return self._move(Redo(), self._history.redo)

    def checkout(self, step_id: int) -> Step:
        """Go to any step; errors as for `undo`."""
        step = self._history[step_id]
        return self._move(Checkout(step.id), lambda: self._history.checkout(step.id))

    def rename(self, step_id: int, *, name: str | None = None, remark: str | None = None) -> Step:
        """Call a step something, or write something down about it; None leaves it as it is.

        Args:
            step_id: Any step, also one that was undone.
            name: One line of at most 80 characters; "" takes the name away.
            remark: At most 2,000 characters, in any number of lines; "" takes it away.

        Raises:
            HistoryError: If there is no such step, or it cannot be called that.
            ReadOnlyError: If the session is open for reading only.
        """
        self._home.check_writable("a name")
        step = self._history.rename(step_id, name, remark)
        self.events.emit(HistoryChanged(self._history.current.id))
        self._report(Rename(step.id, name, remark))
        return step

    def _move(self, action: Action, move: Callable[[], Step]) -> Step:
        self.settle_plan()
        with self._lock:  # nothing may be submitted between the question and the move
            if making := self._tasks.unfinished(*CHANGES):
                raise BusyError(
                    "the history cannot be moved while a step is being made (now: "
                    f"{making[0].title}). Wait for it, or cancel it first."
                )
            step = move()
        self._tasks.cancel(*OF_ONE_PLAN)
        self.events.emit(HistoryChanged(step.id))
        self._report(action)
        return step
