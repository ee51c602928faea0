"""Accuracy in detail, of models and data small enough to count by hand."""

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import toy_data

from workbench.data.splits import ArraySplit
from workbench.errors import DataError
from workbench.measure import accuracy_report as module
from workbench.measure.accuracy_report import accuracy_report
from workbench.progress import Cancelled


class BrightRow(nn.Module):
    """Answers the brightest of the first three rows: right on clean toy data."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0, :3].mean(2)


def scored(scores: list[list[float]], labels: list[int]) -> ArraySplit:
    """Inputs that the identity answers with these scores."""
    return ArraySplit(torch.tensor(scores), torch.tensor(labels))


def test_a_confusion_matrix_has_labels_in_rows_and_predictions_in_columns() -> None:
    split = scored([[9, 0, 0], [0, 9, 0], [0, 9, 0], [9, 0, 0]], [0, 1, 0, 0])
    found = accuracy_report(nn.Identity(), split, 3)
    assert found.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert found.top1 == 0.75
    by_class = found.by_class
    assert by_class[:2].tolist() == pytest.approx([2 / 3, 1])
    assert math.isnan(by_class[2])
    assert found.most_confused(5) == [(0, 1, 1)]


def test_the_five_highest_outputs_count_where_there_are_more() -> None:
    scores = torch.eye(7) * 0
    scores += torch.arange(7.0)  # the highest is always class 6, the lowest class 0
    split = scored(scores.tolist(), list(range(7)))
    found = accuracy_report(nn.Identity(), split, 7)
    assert (found.top1, found.top5) == (pytest.approx(1 / 7), pytest.approx(5 / 7))
    assert accuracy_report(nn.Identity(), scored([[1, 0]], [0]), 2).top5 is None


def test_a_class_that_only_the_model_knows_can_be_predicted() -> None:
    found = accuracy_report(nn.Identity(), scored([[0, 0, 9]], [0]), 2)
    assert found.confusion.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_every_corruption_is_measured_on_images() -> None:
    data = toy_data()
    found = accuracy_report(BrightRow(), data.test, 3)
    assert found.top1 == 1
    assert set(found.corrupted) == {"noise", "blur", "contrast", "brightness", "jpeg"}
    assert all(0 <= accuracy <= 1 for accuracy in found.corrupted.values())
    assert found.corrupted_inputs == found.inputs == 30
    (note,) = found.notes
    assert "normalisation is not known" in note


def test_a_corruption_that_hides_the_class_costs_accuracy() -> None:
    faint = ArraySplit(
        0.5 + 0.02 * torch.eye(3)[torch.arange(30) % 3][:, None, :, None] * torch.ones(1, 1, 1, 3),
        torch.arange(30) % 3,
    )
    found = accuracy_report(BrightRow(), faint, 3, corruptions=["noise", "contrast"])
    assert found.corrupted["contrast"] == found.top1 == 1
    assert found.corrupted["noise"] < 0.8
    assert found.notes == ()


def test_only_a_balanced_part_is_corrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CORRUPTED_INPUTS", 6)
    found = accuracy_report(BrightRow(), toy_data().test, 3, corruptions=["contrast"])
    assert (found.inputs, found.corrupted_inputs) == (30, 6)


def test_inputs_that_are_no_images_are_not_corrupted_and_the_notes_say_why() -> None:
    found = accuracy_report(nn.Identity(), scored([[1, 0]], [0]), 2)
    assert (dict(found.corrupted), found.corrupted_inputs) == ({}, 0)
    assert "got inputs of shape (2,)" in found.notes[0]


def test_an_unknown_corruption_is_refused_with_those_there_are() -> None:
    message = "must be one of noise, blur, contrast, brightness, jpeg; got 'snow'."
    with pytest.raises(DataError, match=re.escape(message)):
        accuracy_report(BrightRow(), toy_data().test, 3, corruptions=["snow"])


def test_progress_rises_to_the_end_and_a_report_can_be_cancelled() -> None:
    class Watching:
        def __init__(self) -> None:
            self.shares: list[float] = []
            self.stop_at = math.inf

        def report(self, done: float, total: float, message: str = "") -> None:
            self.shares.append(done / total)
            if done / total >= self.stop_at:
                raise Cancelled

    monitor = Watching()
    accuracy_report(BrightRow(), toy_data().test, 3, monitor=monitor)
    assert monitor.shares == sorted(monitor.shares)
    assert np.isclose(monitor.shares[-1], 1)
    monitor.stop_at = 0.5
    with pytest.raises(Cancelled):
        accuracy_report(BrightRow(), toy_data().test, 3, monitor=monitor)
