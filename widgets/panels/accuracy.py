"""Accuracy in detail: by class, by confusion and on corrupted images, dense beside now."""

import html
from collections.abc import Callable, Iterator

import ipywidgets
import numpy as np

from widgets.panels.controls import action_button, enable
from widgets.wording import percent
from workbench import Session
from workbench.measure.accuracy_report import AccuracyReport

MOST_CLASSES = 20
"""With more classes, the worst ones and the most frequent mistakes are listed."""

_LISTED = 10

_CORRUPTED = {
    "noise": "with noise",
    "blur": "blurred",
    "contrast": "half the contrast",
    "brightness": "brighter",
    "jpeg": "as JPEG",
}


class AccuracyPanel:
    """A button, and tables of what it found.

    Args:
        session: Whose current model is examined, beside the dense one.
        examine: Called when the button is pressed.
    """

    def __init__(self, session: Session, examine: Callable[[], None]) -> None:
        self._session = session
        self._drawn: tuple[object, object] = (None, None)
        self._button = action_button("Examine accuracy", "examine", examine, style="primary")
        self._tables = ipywidgets.HTML(_EMPTY)
        self._tables.add_class("pw-accuracy")
        controls = ipywidgets.HBox([self._button])
        controls.add_class("pw-toolbar")
        self.root = ipywidgets.VBox([controls, self._tables])

    def update(self) -> None:
        """Show what is known of the current step."""
        session = self._session
        busy = "a step is being made" if session.busy else ""
        busy = busy or ("it is being examined" if session.examining else "")
        hint = "Top-1 and top-5, every class, confusions, and corrupted images, on the test data"
        enable(self._button, hint, busy)
        found = session.accuracy_details(), session.accuracy_details(0)
        if found == self._drawn:
            return
        self._drawn = found
        now, dense = found
        self._tables.value = (
            _EMPTY if now is None else report_html(now, dense, session.dataset.classes)
        )


_EMPTY = (
    '<p class="pw-accuracy-note">Not examined yet: which classes suffer, what is taken for what, '
    "and how the model does on noisy, blurred, pale, bright and JPEG-compressed images.</p>"
)


def report_html(now: AccuracyReport, dense: AccuracyReport | None, classes: tuple[str, ...]) -> str:
    """A report as tables; names are escaped.

    Args:
        now: Of the current model.
        dense: Of the dense one; None if unknown.
        classes: Names in label order.
    """
    names = [*classes, *(f"class {n}" for n in range(len(classes), len(now.confusion)))]
    dense = None if dense is now else dense
    notes = "".join(f'<p class="pw-accuracy-note">{html.escape(note)}</p>' for note in now.notes)
    return (
        _table("On the test data", overall_rows(now, dense), dense)
        + notes
        + _table(_classes_heading(names), class_rows(now, dense, names), dense)
        + (_matrix(now, names) if len(names) <= MOST_CLASSES else _mistakes(now, names))
    )


Row = tuple[str, float | None, float | None]
"""A name, the dense model's share and the current one's."""


def overall_rows(now: AccuracyReport, dense: AccuracyReport | None) -> list[Row]:
    """Top-1, top-5, and every corruption."""
    before = {} if dense is None else _overall(dense)
    return [(name, before.get(name), accuracy) for name, accuracy in _overall(now).items()]


def _overall(report: AccuracyReport) -> dict[str, float]:
    found = {"top-1": report.top1}
    if report.top5 is not None:
        found["top-5"] = report.top5
    for name, accuracy in report.corrupted.items():
        found[_CORRUPTED.get(name, name)] = accuracy
    return found


def class_rows(now: AccuracyReport, dense: AccuracyReport | None, names: list[str]) -> list[Row]:
    """Every class; of many, those that lost most, or are worst."""
    own = now.by_class
    before = own if dense is None else dense.by_class
    chosen = [number for number in range(len(own)) if not np.isnan(own[number])]
    if len(names) > MOST_CLASSES:
        order = own - before if dense is not None else own
        chosen = sorted(chosen, key=lambda number: (order[number], own[number]))[:_LISTED]
    return [(names[n], None if dense is None else float(before[n]), float(own[n])) for n in chosen]


def _classes_heading(names: list[str]) -> str:
    return "By class" if len(names) <= MOST_CLASSES else "Classes that suffered most"


def _table(heading: str, rows: list[Row], dense: AccuracyReport | None) -> str:
    columns = ("dense", "now", "change") if dense is not None else ("now",)
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in _cells(before, after, dense is not None))
        + "</tr>"
        for name, before, after in rows
    )
    return (
        f'<table class="pw-accuracy-table"><caption>{heading}</caption>'
        f'<thead><tr><th scope="col"></th>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _cells(before: float | None, after: float | None, compared: bool) -> Iterator[str]:
    if compared:
        yield "–" if before is None else percent(before)
    yield "–" if after is None else percent(after)
    if compared:
        yield "–" if before is None or after is None else _points(after - before)


def _points(change: float) -> str:
    """-0.012 as "−1.2"."""
    return f"{100 * change:+.1f}".replace("-", "−")


def _matrix(now: AccuracyReport, names: list[str]) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    largest = max(1, int((now.confusion - np.diag(np.diagonal(now.confusion))).max()))
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(
            _matrix_cell(int(count), own=row == column, largest=largest)
            for column, count in enumerate(now.confusion[row])
        )
        + "</tr>"
        for row, name in enumerate(names)
    )
    return (
        '<div class="pw-confusion"><table class="pw-accuracy-table">'
        "<caption>Confusion now: labels in rows, answers in columns</caption>"
        f'<thead><tr><th scope="col"></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _matrix_cell(count: int, *, own: bool, largest: int) -> str:
    if own:
        return f'<td class="pw-right">{count}</td>'
    share = round(count / largest, 2)
    shown = count or ""
    return f'<td class="pw-wrong" style="--pw-share: {share}">{shown}</td>'


def _mistakes(now: AccuracyReport, names: list[str]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(names[label])}</td><td>{html.escape(names[answer])}</td>"
        f"<td>{count}</td></tr>"
        for label, answer, count in now.most_confused(_LISTED)
    )
    return (
        '<table class="pw-accuracy-table"><caption>Most frequent mistakes</caption>'
        '<thead><tr><th scope="col">label</th><th scope="col">taken for</th>'
        f'<th scope="col">times</th></tr></thead><tbody>{rows}</tbody></table>'
    )
