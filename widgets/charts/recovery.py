"""Recovery training, live: loss of every batch and validation accuracy after every epoch."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NotRequired, TypedDict

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool, LinearAxis, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure

from widgets.charts.base import MISSING, assign, new_figure, set_title
from widgets.charts.thinning import Point, smooth, thin
from widgets.theme import apply_theme, palette

MAX_POINTS = 600
"""Of a line, for about as many columns on the screen: while a network trains, all of them are sent
several times a second."""

_SMOOTH_SPANS = 30  # a run's smoothed loss averages over a thirtieth of it


class RecoveryRun(TypedDict):
    """One training run; x counts epochs from the run's start, in fractions."""

    label: str
    losses: Sequence[Point]  # (epochs, loss) of every batch
    accuracies: Sequence[Point]  # (epochs, validation accuracy in [0, 1])
    epochs: NotRequired[float]  # how many are planned


def _length(run: RecoveryRun) -> float:
    """Epochs a run has taken so far."""
    return max([0.0, *(x for x, _ in run["losses"][-1:]), *(x for x, _ in run["accuracies"][-1:])])


def _with_starts(runs: Sequence[RecoveryRun]) -> Iterator[tuple[float, RecoveryRun]]:
    start = 0.0
    for run in runs:
        yield start, run
        start += _length(run)


def planned_epochs(runs: Sequence[RecoveryRun]) -> float:
    """Epochs of all runs: those taken, and for the last one those planned; at least 1."""
    taken = sum(_length(run) for run in runs[:-1])
    last = max((max(_length(run), run.get("epochs", 0.0)) for run in runs[-1:]), default=0.0)
    return max(1.0, taken + last)


def loss_data(runs: Sequence[RecoveryRun], limit: int = MAX_POINTS) -> dict[str, np.ndarray]:
    """The loss of runs in sequence, at most about ``limit`` points.

    Returns:
        Columns ``epoch`` (over all runs), ``loss``, ``smooth`` and ``run``, which counts from 1; a
        row of NaN between runs breaks the line.
    """
    total = max(1, sum(len(run["losses"]) for run in runs))
    parts = [np.empty((4, 0))]
    for number, (start, run) in enumerate(_with_starts(runs), 1):
        epochs, losses = thin(run["losses"], max(1, limit * len(run["losses"]) // total))
        if not len(losses):
            continue
        if len(parts) > 1:
            parts.append(np.full((4, 1), MISSING))
        smoothed = smooth(losses, len(losses) / _SMOOTH_SPANS)
        parts.append(np.stack([start + epochs, losses, smoothed, np.full_like(losses, number)]))
    columns = np.concatenate(parts, axis=1).astype(np.float32)
    return dict(zip(("epoch", "loss", "smooth", "run"), columns, strict=True))


def accuracy_data(runs: Sequence[RecoveryRun]) -> dict[str, list[object]]:
    """Validation accuracy of runs in sequence.

    Returns:
        Columns ``epoch`` (over all runs), ``accuracy`` (%) and ``run``; a row of NaN between runs
        breaks the line.
    """
    data: dict[str, list[object]] = {"epoch": [], "accuracy": [], "run": []}
    for start, run in _with_starts(runs):
        if run["accuracies"] and data["epoch"]:
            data["epoch"].append(MISSING)
            data["accuracy"].append(MISSING)
            data["run"].append("")
        data["epoch"].extend(start + x for x, _ in run["accuracies"])
        data["accuracy"].extend(100 * accuracy for _, accuracy in run["accuracies"])
        data["run"].extend([run["label"]] * len(run["accuracies"]))
    return data


def accuracy_range(runs: Sequence[RecoveryRun], baseline: float | None) -> tuple[float, float]:
    """Limits in % that hold every accuracy and the baseline, with room around them."""
    values = [100 * accuracy for run in runs for _, accuracy in run["accuracies"]]
    if baseline is not None:
        values.append(100 * baseline)
    if not values:
        return 0.0, 100.0
    room = max(1.0, 0.12 * (max(values) - min(values)))
    return max(0.0, min(values) - room), min(100.5, max(values) + room)


class RecoveryChart:
    """Loss on the left axis, validation accuracy on the right, runs one after the other.

    Args:
        dark: Whether the page is dark.
    """

    height = 240

    def __init__(self, dark: bool = False) -> None:
        self.losses = ColumnDataSource(loss_data([]))
        self.accuracies = ColumnDataSource(accuracy_data([]))
        self.sources = (self.losses, self.accuracies)
        self._epochs = Range1d(start=0, end=1)
        self._loss = DataRange1d(range_padding=0.3)
        self.root = new_figure(
            height=self.height,
            x_label="epochs of fine-tuning",
            y_label="training loss",
            file_name="recovery",
            x_range=self._epochs,
            y_range=self._loss,
        )
        self._draw_losses(self.root)
        self._draw_accuracies(self.root)
        self.clear()
        self.set_dark(dark)

    def _draw_losses(self, plot: figure) -> None:
        line = partial(plot.line, x="epoch", source=self.losses)
        self._raw = line(y="loss", line_width=1, line_alpha=0.25)
        self._smooth = line(y="smooth", line_width=2)
        # Not the raw loss: one bad batch would flatten the line that is read.
        self._loss.renderers = [self._smooth]
        tooltips = [("epoch", "@epoch{0.00}"), ("loss", "@smooth{0.0000}"), ("run", "@run{0}")]
        plot.add_tools(
            HoverTool(renderers=[self._smooth], tooltips=tooltips, visible=False, mode="vline")
        )

    def _draw_accuracies(self, plot: figure) -> None:
        self._percent = Range1d(start=0, end=100)
        plot.extra_y_ranges = {"accuracy": self._percent}
        self._axis = LinearAxis(
            y_range_name="accuracy",
            axis_label="validation accuracy (%)",
            axis_label_text_font_size="11px",
            axis_label_text_font_style="normal",
            axis_label_standoff=4,
            major_label_text_font_size="10px",
            major_tick_in=0,
            major_tick_out=4,
        )
        plot.add_layout(self._axis, "right")
        self._line = plot.line(
            x="epoch",
            y="accuracy",
            y_range_name="accuracy",
            line_width=1.5,
            source=self.accuracies,
        )
        self._dots = plot.scatter(
            x="epoch", y="accuracy", y_range_name="accuracy", size=7, source=self.accuracies
        )
        self._baseline = Span(
            dimension="width", y_range_name="accuracy", line_dash=[5, 4], visible=False
        )
        plot.add_layout(self._baseline)
        tooltips = [("epoch", "@epoch{0.0}"), ("accuracy", "@accuracy{0.00} %"), ("", "@run")]
        plot.add_tools(HoverTool(renderers=[self._dots], tooltips=tooltips, visible=False))

    def update(self, runs: Sequence[RecoveryRun], baseline: float | None = None) -> None:
        """Show runs in sequence.

        Args:
            runs: From the first to the one that is running.
            baseline: Validation accuracy of the dense model, in [0, 1].
        """
        note = "" if baseline is None else f" · dashed: dense model, {100 * baseline:.1f} %"
        set_title(self.root, f"Recovery{note}")
        low, high = accuracy_range(runs, baseline)
        self._percent.update(start=low, end=high)
        end = planned_epochs(runs)
        self._epochs.update(start=-0.015 * end, end=1.015 * end)  # room for half a marker
        if baseline is not None:
            self._baseline.location = 100 * baseline
        self._baseline.visible = baseline is not None
        assign(self.losses, loss_data(runs))
        assign(self.accuracies, accuracy_data(runs))

    def clear(self) -> None:
        """Show that nothing was trained yet."""
        self.update([])

    def set_dark(self, dark: bool) -> None:
        """Recolour for a dark or a light page."""
        colours = palette(dark)
        apply_theme(self.root, dark)
        for renderer in (self._raw, self._smooth):
            renderer.glyph.line_color = colours.loss
        self._line.glyph.line_color = colours.accuracy
        self._dots.glyph.update(line_color=colours.accuracy, fill_color=colours.accuracy)
        self._baseline.line_color = colours.accuracy
        # Each axis wears the colour of what it measures, which spares a legend.
        self.root.yaxis[0].axis_label_text_color = colours.loss
        self._axis.axis_label_text_color = colours.accuracy
