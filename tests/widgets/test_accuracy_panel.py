"""Accuracy in detail, as tables."""

import numpy as np

from widgets.panels.accuracy import (
    AccuracyPanel,
    class_rows,
    overall_rows,
    report_html,
)
from workbench import Session
from workbench.measure.accuracy_report import AccuracyReport


def report(confusion: list[list[int]], **changes: object) -> AccuracyReport:
    matrix = np.array(confusion)
    values: dict[str, object] = {
        "top1": float(np.trace(matrix) / matrix.sum()),
        "top5": None,
        "confusion": matrix,
        "corrupted": {"noise": 0.5, "jpeg": 0.75},
        "inputs": int(matrix.sum()),
        "corrupted_inputs": 4,
    }
    return AccuracyReport(**{**values, **changes})  # type: ignore[arg-type]


DENSE = report([[4, 0], [0, 4]], corrupted={"noise": 1.0, "jpeg": 1.0})
NOW = report([[3, 1], [0, 4]], notes=("corrupted somehow",))


def test_rows_have_the_dense_model_beside_the_current_one() -> None:
    assert overall_rows(NOW, DENSE) == [
        ("top-1", 1, 0.875),
        ("with noise", 1, 0.5),
        ("as JPEG", 1, 0.75),
    ]
    assert class_rows(NOW, DENSE, ["a", "b"]) == [("a", 1, 0.75), ("b", 1, 1)]
    assert overall_rows(NOW, None)[0] == ("top-1", None, 0.875)


def test_of_many_classes_those_that_lost_most_come_first() -> None:
    before, after = np.eye(30, dtype=int) * 10, np.eye(30, dtype=int) * 10
    after[17, 17], after[17, 3] = 4, 6
    before[5, 5], before[5, 6] = 2, 8
    after[5, 5], after[5, 6] = 2, 8
    names = [f"class {n}" for n in range(30)]
    rows = class_rows(report(after.tolist()), report(before.tolist()), names)
    assert rows[:2] == [("class 17", 1, 0.4), ("class 5", 0.2, 0.2)]
    assert len(rows) == 10
    shown = report_html(report(after.tolist()), None, tuple(names))
    assert "Most frequent mistakes" in shown and "Confusion" not in shown


def test_names_and_notes_are_escaped_and_changes_have_a_sign() -> None:
    shown = report_html(NOW, DENSE, ("<b>", "&"))
    assert "<b>" not in shown and "&lt;b&gt;" in shown
    assert "corrupted somehow" in shown
    assert "−12.5" in shown
    assert 'class="pw-right">3<' in shown
    assert 'style="--pw-share: 1.0">1<' in shown


def test_a_class_that_only_the_model_knows_has_a_number() -> None:
    assert "class 1" in report_html(report([[1, 2], [0, 0]]), None, ("only",))


def test_the_panel_shows_a_report_of_the_current_step(session: Session) -> None:
    asked: list[int] = []
    panel = AccuracyPanel(session, lambda: asked.append(1))
    assert "Not examined yet" in panel._tables.value
    panel._button.click()
    assert asked == [1]
    session.examine_accuracy()
    panel.update()
    assert "top-1" in panel._tables.value and "change" not in panel._tables.value
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    panel.update()
    assert "Not examined yet" in panel._tables.value
    session.examine_accuracy()
    panel.update()
    assert "change" in panel._tables.value
    session.undo()
    panel.update()
    assert "change" not in panel._tables.value
