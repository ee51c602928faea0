"""Tells the page what the selected row's slider leads to, before a hand takes it."""

from collections.abc import Callable

from widgets.layer_table import LayerTable
from widgets.outlook import Lookout, Outlook
from widgets.panels.inspect import InspectPanel
from widgets.score_board import ScoreBoard
from workbench import Session


class Foresight:
    """Keeps what the score board and the charts of a layer know in advance.

    Args:
        session: Whose plan it is.
        table: With the sliders.
        board: Told what is planned.
        inspect: Told what its charts have to follow.
        post: Runs something soon, on the thread that everything here runs on.
    """

    def __init__(
        self,
        session: Session,
        table: LayerTable,
        board: ScoreBoard,
        inspect: InspectPanel,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._table, self._board, self._inspect = table, board, inspect
        self._lookout = Lookout(session, post, self._show)

    def look(self) -> None:
        """Work it out anew; there is nothing to foresee while sliders rest."""
        self._lookout.look("" if self._table.disabled_reason else self._table.selected)

    def holds(self) -> bool:
        """Whether what the page knows is still so; if not, it is taken back."""
        return self._lookout.holds()

    def _show(self, outlook: Outlook | None) -> None:
        hand = self._table.hand
        self._inspect.foresee(hand, outlook)
        if outlook is None:
            self._board.foresee_nothing()
        else:
            self._board.foresee(hand, outlook.unit, outlook.kept, outlook.planned)
