"""The status line: what a person asked for is not talked over by what is learned unasked."""

import pytest

from widgets.panels.status import StatusPanel
from workbench.events import TaskEnded, TaskStarted
from workbench.session.knowledge import LEARNING


@pytest.mark.parametrize("kind", LEARNING)
def test_what_is_learned_unasked_leaves_the_last_outcome_on_the_line(kind: str) -> None:
    panel = StatusPanel(lambda: None)
    panel.note(TaskEnded(1, "prune", "pruning", "done"))
    panel.note(TaskStarted(2, kind, "learning"))
    panel.update()
    assert "learning" in panel._text.value
    panel.note(TaskEnded(2, kind, "learning", "done"))
    panel.update()
    assert "pruning: done" in panel._text.value
