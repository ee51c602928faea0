import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from toys import ToyNet
from training.nets import Dropping, fresh, same, tensors

from workbench import Session
from workbench.data import Dataset
from workbench.errors import TrainingError
from workbench.losses import training_loss
from workbench.session import jobs
from workbench.training import FinetuneSettings, TrainingOutcome, finetune
from workbench.training.distillation import distillation_loss
from workbench.training.objective import Objective

SCORES = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
LABELS = torch.tensor([0, 2])


class Answers(nn.Module):
    """Gives the same scores whatever it sees."""

    def __init__(self, *scores: Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.scores[0] if len(self.scores) == 1 else self.scores


def test_smoothed_labels_spread_a_share_over_all_classes() -> None:
    logs = F.log_softmax(SCORES, 1)
    smooth = 0.1 / 3
    expected = (
        -((0.9 * logs[0, 0] + smooth * logs[0].sum()) + (0.9 * logs[1, 2] + smooth * logs[1].sum()))
        / 2
    )
    assert training_loss(SCORES, LABELS, 0.1) == pytest.approx(float(expected))


def test_auxiliary_heads_are_smoothed_and_count_for_less() -> None:
    loss = training_loss((SCORES, None, SCORES), LABELS, 0.1)
    assert loss == pytest.approx(1.3 * float(training_loss(SCORES, LABELS, 0.1)))


def test_a_student_that_answers_as_its_teacher_loses_nothing() -> None:
    assert distillation_loss(SCORES + 3, SCORES, 4.0) == pytest.approx(0, abs=1e-6)


def test_distillation_is_the_divergence_of_softened_answers_times_the_square() -> None:
    student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[2 * math.log(3), 0.0]])
    # Softened by 2 the teacher says 3/4 and 1/4, the student a half each.
    expected = 4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert distillation_loss(student, teacher, 2.0) == pytest.approx(expected)


def test_the_parts_of_the_loss_have_their_weights() -> None:
    settings = FinetuneSettings(
        distillation=True,
        distillation_weight=0.3,
        distillation_temperature=2,
        regularization_strength=0.5,
    )
    student, teacher = Answers(SCORES, 2 * SCORES), Answers(-SCORES, SCORES)
    objective = Objective(settings, teacher, lambda module: torch.tensor(4.0))
    task = float(training_loss((SCORES, 2 * SCORES), LABELS))
    learnt = float(distillation_loss(SCORES, -SCORES, 2))
    found = float(objective(student, torch.zeros(2), LABELS))
    assert found == pytest.approx(0.7 * task + 0.3 * learnt + 0.5 * 4)


def test_distillation_pulls_towards_the_teacher(data: Dataset) -> None:
    torch.manual_seed(1)
    teacher = ToyNet().eval()  # knows nothing of the labels
    inputs, _ = next(data.validation.batches(24))

    def distance(**settings: Any) -> float:
        student = fresh(ToyNet())
        chosen = FinetuneSettings(epochs=3, learning_rate=0.02, **settings)
        finetune(student, data, chosen, teacher=teacher)
        with torch.no_grad():
            return float(distillation_loss(student(inputs), teacher(inputs), 1.0))

    assert distance(distillation=True, distillation_weight=1.0) < distance() / 2


def test_a_teacher_answers_in_evaluation_mode_and_is_left_as_it_is(data: Dataset) -> None:
    teacher = fresh(Dropping()).train()
    before, modes = tensors(teacher), []
    teacher.register_forward_hook(lambda part, *_: modes.append(part.training))
    finetune(fresh(ToyNet()), data, FinetuneSettings(epochs=1, distillation=True), teacher=teacher)
    assert modes == [False, False]
    assert same(before, tensors(teacher)) and teacher.training


def test_distillation_without_a_teacher_is_refused(data: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"needs a teacher, got None\. Pass finetune\("):
        finetune(fresh(ToyNet()), data, FinetuneSettings(distillation=True))


def test_a_session_learns_from_the_model_as_it_was_opened(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    teachers = []

    def watched(*args: Any, teacher: nn.Module, **settings: Any) -> TrainingOutcome:
        teachers.append(teacher)
        return finetune(*args, teacher=teacher, **settings)

    monkeypatch.setattr(jobs, "finetune", watched)
    opened = session.model
    session.plan = session.plan.with_ratios(0.5)
    session.prune()
    session.finetune(1, distillation=True)
    assert teachers == [opened]
