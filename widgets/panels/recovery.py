"""Recovery panel: how to fine-tune, and the live chart of it."""

from collections.abc import Callable

import ipywidgets

from widgets.charts.recovery import RecoveryChart, RecoveryRun
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import action_button, enable, labelled
from widgets.reasons import why_no_step
from workbench import Session
from workbench.training import FinetuneSettings


class RecoveryPanel:
    """Settings, Fine-tune, and the chart of all runs.

    Args:
        session: What is trained.
        finetune: Called with the settings when Fine-tune is pressed.
    """

    def __init__(self, session: Session, finetune: Callable[[FinetuneSettings], None]) -> None:
        self._session = session
        defaults = FinetuneSettings()
        self._epochs = ipywidgets.BoundedIntText(defaults.epochs, min=1, max=10_000)
        self._learning_rate = ipywidgets.BoundedFloatText(
            defaults.learning_rate, min=1e-7, max=10, step=1e-4
        )
        self._batch_size = ipywidgets.BoundedIntText(defaults.batch_size, min=2, max=65_536)
        for control, name in (
            (self._epochs, "epochs"),
            (self._learning_rate, "learning-rate"),
            (self._batch_size, "batch-size"),
        ):
            control.add_class(f"pw-{name}")
            control.layout.width = "84px"
        self._button = action_button(
            "Fine-tune", "finetune", lambda: finetune(self.settings), style="primary"
        )
        self.charts = ChartSlot(RecoveryChart, self._draw)
        controls = ipywidgets.HBox(
            [
                labelled("epochs", self._epochs),
                labelled("learning rate", self._learning_rate),
                labelled("batch", self._batch_size),
                self._button,
            ]
        )
        controls.add_class("pw-toolbar")
        self.root = ipywidgets.VBox([controls, self.charts.root])

    @property
    def settings(self) -> FinetuneSettings:
        """What the controls say."""
        return FinetuneSettings(
            epochs=self._epochs.value,
            learning_rate=self._learning_rate.value,
            batch_size=self._batch_size.value,
        )

    def update(self) -> None:
        """Show what can be done now."""
        reason = why_no_step(self._session)
        enable(self._button, "Train what is left; masks stay in force", reason)

    def _draw(self, chart: RecoveryChart) -> None:
        baseline = self._session.history[0].metrics.validation_accuracy
        chart.update(training_runs(self._session), baseline)


def training_runs(session: Session) -> list[RecoveryRun]:
    """The session's runs as the chart takes them."""
    return [
        {
            "label": f"run {run.number}" + (f" ({run.outcome})" if run.outcome != "done" else ""),
            "losses": tuple(run.losses),
            "accuracies": tuple(run.accuracies),
            "epochs": float(run.epochs) if run.outcome == "running" else 0.0,
        }
        for run in session.training.runs
    ]
