import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from workbench.errors import DataError, ModelError
from workbench.measure import evaluate
from workbench.progress import Cancelled


class TensorSplit:
    """A split over two tensors, in order."""

    def __init__(self, inputs: Tensor, labels: Tensor) -> None:
        self.inputs, self.labels = inputs, labels

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self), batch_size):
            stop = start + batch_size
            yield self.inputs[start:stop], self.labels[start:stop]


class Stops:
    """Raises `Cancelled` at its n-th report."""

    def __init__(self, at: int) -> None:
        self.at, self.reports = at, 0

    def report(self, done: float, total: float, message: str = "") -> None:
        self.reports += 1
        if self.reports == self.at:
            raise Cancelled


# Outputs of the identity on these: classes 0, 1, 1, 0; the labels agree on three of four.
SCORES = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 3.0], [0.5, 0.0]])
LABELS = torch.tensor([0, 1, 0, 0])


def four() -> TensorSplit:
    return TensorSplit(SCORES, LABELS)


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_accuracy_loss_and_predictions_are_exact_at_any_batch_size(batch_size: int) -> None:
    evaluation = evaluate(nn.Identity(), four(), batch_size=batch_size)

    terms = [math.log1p(math.exp(x)) for x in (-2.0, -1.0, 3.0, -0.5)]
    assert evaluation.accuracy == 0.75
    assert evaluation.loss == pytest.approx(sum(terms) / 4, abs=1e-12)
    assert evaluation.inputs == 4
    assert evaluation.predictions.tolist() == [0, 1, 1, 0]
    assert evaluation.predictions.dtype == torch.int64
    assert not evaluation.predictions.is_inference()


def test_the_training_flag_of_every_submodule_comes_back() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5), nn.Identity())
    model[0].eval()

    evaluate(model, four())

    assert [module.training for module in model.modules()] == [True, False, True, True]


def test_the_training_flags_come_back_after_an_error() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Flatten(0))

    with pytest.raises(ModelError):
        evaluate(model, four())

    assert all(module.training for module in model.modules())


def test_evaluating_uses_evaluation_mode_and_changes_no_statistics() -> None:
    model = nn.Sequential(nn.Dropout(0.999), nn.BatchNorm1d(2, affine=False)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    assert evaluate(model, four()).accuracy == 0.75
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_empty_split_is_refused() -> None:
    empty = TensorSplit(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(DataError, match=r"at least 1 input, got a split with 0"):
        evaluate(nn.Identity(), empty)


def test_a_batch_size_of_zero_is_refused() -> None:
    with pytest.raises(DataError, match=r"batch_size must be at least 1, got 0"):
        evaluate(nn.Identity(), four(), batch_size=0)


def test_an_output_that_is_no_class_score_is_refused_with_its_shape() -> None:
    with pytest.raises(ModelError, match=r"shape \(4, classes\) for 4 inputs, got \(8,\)"):
        evaluate(nn.Flatten(0), four())


def test_a_model_that_returns_several_tensors_is_refused() -> None:
    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    with pytest.raises(ModelError, match=r"one tensor of shape .*, got tuple"):
        evaluate(Pair(), four())


def test_a_label_outside_the_outputs_is_refused_with_its_position() -> None:
    split = TensorSplit(SCORES, torch.tensor([0, 1, 5, 0]))
    with pytest.raises(DataError, match=r"in \[0, 2\) .* got 5 for input 2 of the split"):
        evaluate(nn.Identity(), split, batch_size=2)


def test_an_output_of_nan_is_refused_with_its_position() -> None:
    scores = SCORES.clone()
    scores[3, 1] = math.nan
    with pytest.raises(ModelError, match=r"must be numbers, got nan for input 3 of the split"):
        evaluate(nn.Identity(), TensorSplit(scores, LABELS), batch_size=2)


def test_a_cancelled_monitor_stops_it_between_batches_and_restores_the_model() -> None:
    model = nn.Identity().train()
    monitor = Stops(at=3)

    with pytest.raises(Cancelled):
        evaluate(model, four(), batch_size=1, monitor=monitor)

    assert monitor.reports == 3
    assert model.training


def test_the_lead_of_the_right_class_is_known_by_input() -> None:
    leads = evaluate(nn.Identity(), four(), batch_size=3).leads
    assert leads is not None and leads.tolist() == [2.0, 1.0, -3.0, 0.5]
