"""What every place of one slider leads to, for the page to show before the kernel has answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from widgets.score_board import Planned
from widgets.score_rows import planned_cells
from workbench import Plan, Session
from workbench.session.history import Step

PLACES = 100
"""Of a slider: a whole percent each."""

_AT_ONCE = 10
"""Places that are worked out between two messages from the page: about 20 ms."""


@dataclass(frozen=True)
class Outlook:
    """What follows from a unit's ratio, all else being as the plan has it.

    Attributes:
        unit: Its name.
        kept: By place of its slider, how many of its channels or weights stay.
        planned: By how many stay, what the score board says of the plan, by metric.
    """

    unit: str
    kept: tuple[int, ...]
    planned: Mapping[int, Mapping[str, Planned]]


def ratio_of(place: int) -> float:
    """The ratio at a place of a slider."""
    return place / PLACES


class Lookout:
    """Works out the outlook of the unit that a hand may take next, bit by bit.

    Lives on one thread; `post` runs what it is given on that thread, after what waits there.

    Args:
        session: Whose plan it is.
        post: Runs something soon.
        show: Told of every outlook, and None once the last one holds no longer.
    """

    def __init__(
        self,
        session: Session,
        post: Callable[[Callable[[], None]], None],
        show: Callable[[Outlook | None], None],
    ) -> None:
        self._session, self._post, self._show = session, post, show
        self._work: _Work | None = None

    def look(self, unit: str) -> None:
        """Work out anew what the places of a unit's slider lead to; "" is none."""
        plan = self._session.plan
        movable = {each.name for each in self._session.units if each.prunable} - plan.locks
        if unit not in movable or plan.granularity == "n:m":
            self._forget()
            return
        self._work = work = _Work(unit, plan, self._session.history.current)
        self._post(lambda: self._go_on(work))

    def holds(self) -> bool:
        """Whether nothing but the unit's own ratio has changed since; if not, it is forgotten."""
        if self._work is None or self._work.about(
            self._session.plan, self._session.history.current
        ):
            return True
        self._forget()
        return False

    def _go_on(self, work: "_Work") -> None:
        if work is not self._work or not self.holds():
            return
        if work.go_on(self._session):
            self._show(work.outlook)
        else:
            self._post(lambda: self._go_on(work))

    def _forget(self) -> None:
        self._work = None
        self._show(None)


class _Work:
    """An outlook in the making."""

    def __init__(self, unit: str, plan: Plan, step: Step) -> None:
        self._unit, self._plan, self._step = unit, plan, step
        self._kept: list[int] = []
        self._planned: dict[int, dict[str, Planned]] = {}

    def about(self, plan: Plan, step: Step) -> bool:
        """Whether a plan of a step differs in nothing but the unit's own ratio."""
        same = plan.without_ratio(self._unit) == self._plan.without_ratio(self._unit)
        return same and step is self._step

    def go_on(self, session: Session) -> bool:
        """Work out the next places; whether these were the last."""
        first = len(self._kept)
        for place in range(first, min(first + _AT_ONCE, PLACES)):
            plan = self._plan.with_ratio(self._unit, ratio_of(place))
            prediction = session.predict(plan, wait=False)
            kept = prediction.kept[self._unit]
            self._kept.append(kept)
            if kept not in self._planned:
                self._planned[kept] = planned_cells(session, prediction)
        return len(self._kept) == PLACES

    @property
    def outlook(self) -> Outlook:
        """What was worked out."""
        return Outlook(self._unit, tuple(self._kept), self._planned)
