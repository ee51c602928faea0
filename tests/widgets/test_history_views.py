"""The history on the screen, without a page: what a click, a key and a name lead to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from watching import eventually

from widgets import Workbench
from workbench import Plan, Session


@pytest.fixture
def branched(session: Session) -> Session:
    """0 opened; 1 pruned, the current one."""
    session.plan = Plan(ratio=0.5)
    session.prune()
    return session


@pytest.fixture
def workbench(branched: Session) -> Iterator[Workbench]:
    workbench = Workbench(branched)
    yield workbench
    workbench.close()


def tree_of(workbench: Workbench) -> Any:
    return workbench._history._tree.root


def chart_of(workbench: Workbench) -> Any:
    return workbench._history.pareto.charts.chart


def hears(widget: Any, message: dict[str, object]) -> None:
    widget._handle_custom_msg(message, [])


def test_a_point_of_the_chart_leads_to_its_step_as_often_as_it_is_clicked(
    branched: Session, workbench: Workbench
) -> None:
    chart = chart_of(workbench)
    for _ in range(2):
        chart.points.selected.indices = [chart.points.data["id"].index(0)]
        eventually(lambda: branched.history.current.id == 0)
        eventually(lambda: chart.points.selected.indices == [])
        branched.checkout(1)
        eventually(lambda: chart.points.data["id"][-1] == 1)  # the current one, on top


def test_a_row_of_the_tree_leads_to_its_step(branched: Session, workbench: Workbench) -> None:
    tree = tree_of(workbench)
    assert [row["step"] for row in tree.rows] == [0, 1]
    hears(tree, {"type": "go", "step": 0})
    eventually(lambda: tree.current == 0)
    assert branched.history.current.id == 0


def test_keys_undo_and_redo(branched: Session, workbench: Workbench) -> None:
    keys = workbench._history.shortcuts
    hears(keys, {"type": "undo"})
    eventually(lambda: branched.history.current.id == 0)
    hears(keys, {"type": "redo"})
    eventually(lambda: branched.history.current.id == 1)
    for message in ({"type": "close"}, {"type": ["undo"]}, {}):
        hears(keys, message)
    assert branched.history.current.id == 1


def test_a_name_is_taken_and_what_is_none_is_refused_in_words(
    branched: Session, workbench: Workbench
) -> None:
    tree = tree_of(workbench)
    hears(tree, {"type": "rename", "step": 1, "name": "half", "remark": "a\nb"})
    eventually(lambda: tree.rows[1]["name"] == "half" and tree.rows[1]["remark"] == "a\nb")
    hears(tree, {"type": "rename", "step": 1, "name": "x\x00", "remark": ""})
    eventually(lambda: "must not hold control characters" in workbench._status._text.value)
    assert (branched.history[1].name, branched.history[1].remark) == ("half", "a\nb")


def test_ticks_choose_what_is_compared_once_somebody_looks(
    branched: Session, workbench: Workbench
) -> None:
    tree, view = tree_of(workbench), workbench._history._compare._view
    hears(tree, {"type": "compare", "steps": [1, 0]})
    eventually(lambda: (tree.chosen, tree.pair) == ([1, 0], [1, 0]))
    assert view.described == {}
    workbench._tabs.open("History")
    eventually(lambda: view.described.get("first") == 1 and view.described["second"] == 0)


def test_targets_are_lines_in_the_chart(branched: Session, workbench: Workbench) -> None:
    branched.targets = {"accuracy": 0.5, "size_bytes": 1000}
    lines = chart_of(workbench).lines
    eventually(lambda: lines.data["xs"][3] == [1, 1] and lines.data["ys"][2] == [50, 50])


def test_what_is_not_in_the_chart_is_said_below_it(branched: Session, workbench: Workbench) -> None:
    note = workbench._history.pareto._note
    assert chart_of(workbench) and note.value == ""
    workbench._history.pareto._cost.value = "latency_ms"
    eventually(
        lambda: (
            note.value == "Steps 0, 1 are not in the chart: latency or accuracy was not measured."
        )
    )


def test_the_table_goes_to_the_page(
    branched: Session, workbench: Workbench, record: Callable[[Any], list[dict[str, Any]]]
) -> None:
    tree = tree_of(workbench)
    sent = record(tree)
    hears(tree, {"type": "csv"})
    eventually(lambda: len(sent) == 1)
    assert sent[0]["content"] == {
        "type": "csv",
        "name": "history.csv",
        "text": branched.history.to_csv(),
    }
