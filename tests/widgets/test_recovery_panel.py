from collections.abc import Callable

import ipywidgets
import pytest

from widgets.panels.recovery import _MORE, RecoveryPanel
from widgets.panels.recovery_ways import WAYS
from widgets.settings_form import SettingsForm
from workbench import Plan, Session
from workbench.errors import TrainingError
from workbench.session.tasks import Task
from workbench.training import FinetuneSettings


class Asked:
    """Does what the panel asks for, and keeps the tasks."""

    def __init__(self) -> None:
        self.tasks: list[Task[object]] = []

    def __call__(self, queue: Callable[[], object]) -> None:
        task = queue()
        assert isinstance(task, Task)
        self.tasks.append(task)


def widgets_of(root: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    found = [root]
    for child in getattr(root, "children", ()):
        found += widgets_of(child)
    return found


def of_class(root: ipywidgets.Widget, name: str) -> ipywidgets.Widget:
    (found,) = (widget for widget in widgets_of(root) if name in widget._dom_classes)
    return found


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def panel(session: Session, asked: Asked) -> RecoveryPanel:
    panel = RecoveryPanel(session, asked)
    panel.update()
    return panel


def choose(panel: RecoveryPanel, label: str) -> None:
    way = of_class(panel.root, "pw-recovery-way")
    way.value = next(way for way in WAYS if way.label == label)


def test_the_controls_say_how_to_train(panel: RecoveryPanel) -> None:
    assert panel.settings == FinetuneSettings()
    of_class(panel.root, "pw-epochs").value = 7
    assert panel.settings == FinetuneSettings(epochs=7)


def test_more_settings_are_made_once_they_are_opened(panel: RecoveryPanel) -> None:
    before = len(widgets_of(panel.root))
    of_class(panel.root, "pw-more-settings").selected_index = 0
    assert len(widgets_of(panel.root)) > before + 40
    of_class(panel.root, "pw-optimizer").value = "sgd"
    of_class(panel.root, "pw-distillation").value = True
    of_class(panel.root, "pw-target-accuracy").value = " 0.9 "
    of_class(panel.root, "pw-milestones").value = "1, 2"
    of_class(panel.root, "pw-schedule").value = "multi-step"
    assert panel.settings == FinetuneSettings(
        optimizer="sgd",
        distillation=True,
        target_accuracy=0.9,
        milestones=(1, 2),
        schedule="multi-step",
    )


def test_every_setting_has_a_control() -> None:
    shown = {name for _, names in _MORE for name in names}
    assert shown | {"epochs", "learning_rate", "batch_size"} == set(FinetuneSettings().to_json())


def test_what_was_typed_and_is_no_number_is_refused_by_name(panel: RecoveryPanel) -> None:
    of_class(panel.root, "pw-more-settings").selected_index = 0
    of_class(panel.root, "pw-patience").value = "three"
    with pytest.raises(TrainingError, match=r"patience .* at least 1, or None, got 'three'"):
        _ = panel.settings


def test_controls_that_do_not_matter_to_a_way_are_not_there(panel: RecoveryPanel) -> None:
    rounds = of_class(panel.root, "pw-rounds")
    hidden = {box for box in widgets_of(panel.root) if box.layout.display == "none"}
    assert any(rounds in widgets_of(box) for box in hidden)
    choose(panel, "prune in rounds")
    hidden = {box for box in widgets_of(panel.root) if box.layout.display == "none"}
    assert hidden == set()
    choose(panel, "recalibrate batch norms")
    hidden = {box for box in widgets_of(panel.root) if box.layout.display == "none"}
    assert any(of_class(panel.root, "pw-epochs") in widgets_of(box) for box in hidden)


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("fine-tune", ["finetune"]),
        ("prune in rounds", ["prune", "finetune"] * 2),
        ("prune gradually", ["prune_gradually"]),
        ("lottery ticket", ["finetune", *["prune", "rewind", "finetune"] * 2]),
        ("recalibrate batch norms", ["recalibrate"]),
    ],
)
def test_the_button_does_what_the_way_says(
    session: Session, panel: RecoveryPanel, asked: Asked, label: str, kinds: list[str]
) -> None:
    session.plan = Plan(granularity="weight", ratio=0.5)
    choose(panel, label)
    of_class(panel.root, "pw-epochs").value = 1
    of_class(panel.root, "pw-rounds").value = 2
    of_class(panel.root, "pw-finetune").click()
    asked.tasks[0].result()
    assert [step.kind for step in session.history.path()] == ["open", *kinds]


@pytest.mark.parametrize("label", ["control: at random", "control: from scratch"])
def test_controls_lie_beside_the_current_step(
    session: Session, panel: RecoveryPanel, asked: Asked, label: str
) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    here = session.finetune(1)
    choose(panel, label)
    of_class(panel.root, "pw-finetune").click()
    asked.tasks[0].result()
    assert session.history.current == here
    assert list(session.history)[-1].title == f"{label}, seed 0"


def test_a_form_passes_on_what_its_controls_say() -> None:
    form = SettingsForm(FinetuneSettings, ("nesterov", "momentum", "gradient_clip_norm"))
    assert form.values == {"nesterov": True, "momentum": 0.9, "gradient_clip_norm": None}
