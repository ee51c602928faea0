import pytest
from toys import toy_data
from training.nets import Spoiling, fresh, same, tensors

from workbench.training import EpochResult, FinetuneSettings, finetune
from workbench.training.stopping import best_epoch, first_that_counts, why_stop


def results(*accuracies: float) -> list[EpochResult]:
    return [EpochResult(1.0, 1.0, accuracy) for accuracy in accuracies]


def test_the_best_epoch_is_the_first_of_the_highest_accuracy() -> None:
    assert best_epoch(results(0.5, 0.8, 0.8, 0.7)) == 2


def test_epochs_before_masks_settled_are_not_the_best() -> None:
    assert best_epoch(results(0.9, 0.5, 0.6), first=2) == 3
    assert best_epoch(results(0.9, 0.5), first=3) == 2


@pytest.mark.parametrize(("settled", "first"), [(0, 1), (1, 1), (1.5, 2), (2, 2)])
def test_an_epoch_counts_if_masks_have_settled_by_its_end(settled: float, first: int) -> None:
    assert first_that_counts(settled) == first


def test_the_target_stops_once_it_is_reached() -> None:
    settings = FinetuneSettings(target_accuracy=0.8)
    assert why_stop(results(0.7, 0.79), settings) == ""
    assert why_stop(results(0.7, 0.8), settings) == "target"
    assert why_stop(results(0.9), settings, first=2) == ""


def test_patience_counts_epochs_since_the_best() -> None:
    settings = FinetuneSettings(patience=2)
    assert why_stop(results(0.5, 0.6, 0.6), settings) == ""
    assert why_stop(results(0.5, 0.6, 0.6, 0.55), settings) == "patience"
    assert why_stop(results(0.9, 0.5, 0.6), settings, first=2) == ""


def test_training_stops_at_its_target_and_says_so() -> None:
    settings = FinetuneSettings(
        epochs=40, learning_rate=0.03, batch_size=8, target_accuracy=0.9, schedule="constant"
    )
    outcome = finetune(fresh(Spoiling(0)), toy_data(), settings)
    reached = [result.validation_accuracy >= 0.9 for result in outcome.results]
    assert reached == [False] * (len(reached) - 1) + [True] and len(reached) < 40
    assert (outcome.stopped, outcome.epoch) == ("target", len(reached))
    (note,) = outcome.notes
    assert note.startswith(f"Stopped after epoch {len(reached)} of 40: a validation accuracy of ")


def test_training_stops_out_of_patience_and_says_so() -> None:
    settings = FinetuneSettings(epochs=9, learning_rate=1e-9, patience=2)
    outcome = finetune(fresh(Spoiling(0)), toy_data(), settings)
    assert (outcome.stopped, len(outcome.results), outcome.epoch) == ("patience", 3, 3)
    assert outcome.notes == (
        "Stopped after epoch 3 of 9: no better validation accuracy for 2 epochs.",
    )


def test_the_best_epoch_is_restored() -> None:
    chosen = {"learning_rate": 0.1, "batch_size": 8, "schedule": "constant"}
    best, last = fresh(Spoiling(0)), fresh(Spoiling(0))
    data = toy_data()
    outcome = finetune(best, data, FinetuneSettings(epochs=6, restore_best=True, **chosen))  # type: ignore[arg-type]
    accuracies = [result.validation_accuracy for result in outcome.results]
    assert outcome.epoch == accuracies.index(max(accuracies)) + 1 < 6
    finetune(last, data, FinetuneSettings(epochs=outcome.epoch, **chosen))  # type: ignore[arg-type]
    assert same(tensors(best), tensors(last))
    (note,) = outcome.notes
    assert note.startswith(f"The weights are those of epoch {outcome.epoch} of 6, the best")
