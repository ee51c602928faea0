"""Recovery panel: the ways to bring accuracy back, how to train, and the live chart of it."""

from collections.abc import Callable

import ipywidgets

from widgets.charts.recovery import RecoveryChart, RecoveryRun
from widgets.panels.chart_slot import ChartSlot
from widgets.panels.controls import action_button, enable, labelled, set_text, show, text
from widgets.panels.recovery_ways import WAYS, Chosen, Way
from widgets.reasons import why_no_step
from widgets.settings_form import SettingsForm
from workbench import Session
from workbench.session.rounds import RoundSettings
from workbench.training import FinetuneSettings

_ALWAYS = ("epochs", "learning_rate", "batch_size")

_MORE = (
    ("Optimizer", ("optimizer", "momentum", "nesterov", "weight_decay", "gradient_clip_norm")),
    ("Learning rate", ("schedule", "warmup_epochs", "milestones", "milestone_factor")),
    ("Data", ("augmentation", "label_smoothing", "seed")),
    ("When to stop", ("target_accuracy", "patience", "restore_best")),
    (
        "Learn from the dense model",
        ("distillation", "distillation_weight", "distillation_temperature"),
    ),
    ("Before pruning: make channels small", ("regularization", "regularization_strength")),
    ("Where", ("device", "mixed_precision")),
)
"""Settings behind *More settings*, by heading."""


class RecoveryPanel:
    """Ways, settings, the button, and the chart of all runs.

    Args:
        session: What is trained.
        submit: Called with what queues the work when the button is pressed.
    """

    def __init__(self, session: Session, submit: Callable[[Callable[[], object]], None]) -> None:
        self._session, self._submit = session, submit
        self._way = ipywidgets.Dropdown(options=[(way.label, way) for way in WAYS])
        self._way.add_class("pw-recovery-way")
        self._way.tooltip = "What to do about accuracy, or what to compare with"
        self._way.observe(lambda _: self.update(), "value")
        self._rounds = SettingsForm(RoundSettings, ("rounds",))
        self._often = SettingsForm(FinetuneSettings, _ALWAYS)
        self._more: list[SettingsForm] = []
        self._button = action_button("Fine-tune", "finetune", self._start, style="primary")
        self._about = text("recovery-about")
        self._accordion = ipywidgets.Accordion(
            [ipywidgets.VBox()], titles=["More settings"], selected_index=None
        )
        self._accordion.add_class("pw-more-settings")
        self._accordion.observe(lambda _: self._open_more(), "selected_index")
        self.charts = ChartSlot(RecoveryChart, self._draw)
        controls = ipywidgets.HBox(
            [labelled("way", self._way), self._rounds.root, self._often.root, self._button]
        )
        controls.add_class("pw-toolbar")
        self.root = ipywidgets.VBox([controls, self._about, self._accordion, self.charts.root])

    @property
    def settings(self) -> FinetuneSettings:
        """What the controls say.

        Raises:
            TrainingError: If it is out of range.
        """
        values = self._often.values
        for form in self._more:
            values |= form.values
        return FinetuneSettings.from_json(values)

    def update(self) -> None:
        """Show what can be done now."""
        way: Way = self._way.value
        show(self._rounds.root, way.in_rounds)
        show(self._often.root, way.trains)
        show(self._accordion, way.trains)
        self._button.description = way.button
        set_text(self._about, way.about)
        enable(self._button, way.about, why_no_step(self._session))

    def _start(self) -> None:
        way: Way = self._way.value
        self._submit(lambda: way.start(self._session, self._chosen()))

    def _chosen(self) -> Chosen:
        return Chosen(self.settings, self._rounds.values["rounds"])

    def _open_more(self) -> None:
        """Make the rest of the controls when somebody wants to see them."""
        if self._more or self._accordion.selected_index is None:
            return
        rows = []
        for title, names in _MORE:
            self._more.append(SettingsForm(FinetuneSettings, names))
            rows.append(ipywidgets.VBox([text("settings-title", title), self._more[-1].root]))
        self._accordion.children = [ipywidgets.VBox(rows)]

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
