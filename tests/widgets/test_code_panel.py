from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from widgets.code_dialog import CodeDialog
from widgets.intents import code_intent
from widgets.panels.code import CodePanel
from workbench import Plan, Session
from workbench.recipes import read_recipe, recipe_from_yaml

Record = Callable[[CodeDialog], list[dict[str, Any]]]


@pytest.fixture
def sent(session: Session, record: Record) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the panel's dialog answers to a message of a page."""
    panel = CodePanel(session, lambda work: work())
    messages = record(panel.root)

    def ask(message: dict[str, Any]) -> dict[str, Any]:
        panel.root._receive(panel.root, message, [])
        answer: dict[str, Any] = messages[-1]["content"]
        return answer

    return ask


def test_the_dialog_gets_the_code_of_now(
    session: Session, sent: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.plan = Plan(ratio=0.75)
    answer = sent({"type": "open"})
    assert answer["python"] == session.script()
    assert "session.prune()\nsession.plan = session.plan.with_ratios(0.75)\n" in answer["python"]
    assert recipe_from_yaml(answer["recipe"]) == session.recipe()


def test_a_recipe_is_saved_where_it_was_asked_for(
    session: Session, sent: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "sub" / "recipe.yaml"
    answer = sent({"type": "save", "path": f"  {path} "})
    assert answer == {"type": "saved", "said": f"Saved: {path}", "failed": False}
    assert read_recipe(path) == session.recipe()
    session.plan = Plan(ratio=0.5)
    sent({"type": "save", "path": str(path)})  # an older recipe is replaced
    assert read_recipe(path).plan == Plan(ratio=0.5)


def test_no_other_file_is_overwritten(
    sent: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "thesis.yaml"
    path.write_text("chapters: 7")
    answer = sent({"type": "save", "path": str(path)})
    assert answer["failed"] and f"{path} is there already and is no recipe" in answer["said"]
    assert path.read_text() == "chapters: 7"


def test_what_cannot_be_written_is_said(
    sent: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    answer = sent({"type": "save", "path": str(tmp_path / "file" / "recipe.yaml")})
    assert answer["failed"] and "cannot write" in answer["said"]


@pytest.mark.parametrize(
    "message", [None, {"type": "save"}, {"type": "save", "path": " "}, {"x": 1}]
)
def test_messages_that_do_not_check_out_are_dropped(
    message: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert code_intent(message) is None
    assert "ignored a message from the code dialog" in caplog.text
