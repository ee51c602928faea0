"""Channels panel: looks at the selected unit's channels when it is visible, and takes picks."""

from collections.abc import Callable

from widgets.channel_atlas import drawn
from widgets.channel_states import channel_states, summary, why_fixed
from widgets.channel_view import ChannelView
from widgets.intents import Intent
from widgets.reasons import why_still
from workbench import Plan, Session
from workbench.channels import ChannelReport
from workbench.events import Event, TaskEnded, TaskProgress
from workbench.session.tasks import Task
from workbench.units import Unit

ChangePlan = Callable[[Callable[[Plan], Plan]], None]


class ChannelsPanel:
    """Shows a report on the selected unit, and asks for one where there is none.

    Args:
        session: What is shown.
        selected: Gives the name of the selected unit.
        visible: Whether anybody sees the panel; if not, nothing is computed for it.
        change_plan: Takes over another plan.
        changed: Called when the panel should be updated soon.
    """

    def __init__(
        self,
        session: Session,
        selected: Callable[[], str],
        visible: Callable[[], bool],
        change_plan: ChangePlan,
        changed: Callable[[], None],
    ) -> None:
        self._session, self._selected, self._visible = session, selected, visible
        self._change_plan, self._changed = change_plan, changed
        self._shown: ChannelReport | None = None
        self._asked: object = None
        self._task: Task[ChannelReport] | None = None
        self.root = ChannelView(self._intent)
        self.root.add_class("pw-channel-panel")

    def note(self, event: Event) -> None:
        """Take progress and the end of looking at a unit."""
        task = self._task
        match event:
            case TaskProgress() if task is not None and event.task_id == task.task_id:
                self._say(_how_far(event), "progress")
            case TaskEnded() if task is not None and event.task_id == task.task_id:
                self._task = None
                if event.outcome == "done":
                    self.root.notice = {}
                elif event.outcome == "cancelled":
                    self._say("Stopped before all channels were looked at.", "error")
                else:
                    self._say(f"The channels could not be looked at: {event.error}", "error")

    def look_again(self) -> None:
        """Try again what was stopped or failed."""
        if self._task is None:
            self._asked = None

    def update(self) -> None:
        """Show the selected unit, if anybody looks."""
        if not self._visible():
            return
        plan, name = self._session.plan, self._selected()
        unit = next((unit for unit in self._session.units if unit.name == name), None)
        if plan.granularity != "channel":
            self._empty(
                "Single channels are shown and picked under granularity 'channel'; the plan's is "
                f"'{plan.granularity}'."
            )
        elif unit is None:
            self._empty("Select a row of the table to see its channels.")
        else:
            self._show(unit)

    def _empty(self, words: str) -> None:
        self._shown = self._asked = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self.root.described:
            self.root.show({}, b"", ())
        self._say(words, "info")

    def _show(self, unit: Unit) -> None:
        session, view = self._session, self.root
        self._ask(unit)
        report, states = session.channel_report(unit.name), channel_states(session, unit)
        if report is not None and report is not self._shown:
            view.show(*drawn(report, session.dataset.classes), states)
            self._shown = report
        elif view.described.get("unit") == unit.name:
            view.update_states(states)  # after a step, beside pictures of the model before it
        elif view.described:
            view.show({}, b"", ())
        view.summary = summary(session, unit, states)
        view.criterion = session.plan.criterion
        busy = why_still(session)
        view.disabled_reason = busy or why_fixed(unit)

    def _ask(self, unit: Unit) -> None:
        """Have the unit looked at, once for each model and each new evidence."""
        session = self._session
        if not session.needs_inspection(unit.name):
            self._asked = None
            if self._task is None:
                self.root.notice = {}
            return
        asked = session.pruned, unit.name, session.known_scores() is None
        if asked == self._asked:
            return
        self._asked = asked
        self._say("Looking at the channels …", "progress")
        self._task = session.submit_inspect_channels(unit.name)

    def _say(self, text: str, kind: str) -> None:
        self.root.notice = {"text": text, "kind": kind}

    def _intent(self, intent: Intent) -> None:
        match intent:
            case {"type": "keep", "unit": unit, "channels": channels}:
                self._change_plan(lambda plan: plan.keep(unit, channels))
            case {"type": "remove", "unit": unit, "channels": channels}:
                self._change_plan(lambda plan: plan.remove(unit, channels))
            case {"type": "release", "unit": unit, "channels": channels}:
                self._change_plan(lambda plan: plan.release(unit, channels))
            case {"type": "cancel"} if (task := self._task) is not None:
                task.cancel()
            case {"type": "look"}:
                self.look_again()
                self._changed()


def _how_far(event: TaskProgress) -> str:
    share = event.done / event.total if event.total else 0.0
    return f"Looking at the channels: {event.message or 'starting'} · {100 * share:.0f} %"
