from workbench.events import BatchTrained, EpochTrained, HistoryChanged, TaskEnded, TrainingStarted
from workbench.session.training_log import TrainingLog


def ended(kind: str, outcome: str) -> TaskEnded:
    return TaskEnded(1, kind, kind, outcome)


def test_a_run_keeps_what_was_reported_of_it() -> None:
    log = TrainingLog()
    for event in (
        TrainingStarted(2),
        BatchTrained(0.5, 2.0),
        BatchTrained(1.0, 1.5),
        EpochTrained(1, 1.75, 1.6, 0.7),
        HistoryChanged(1),
    ):
        log(event)
    (run,) = log.runs
    assert (run.number, run.epochs, run.outcome) == (1, 2, "running")
    assert run.losses == [(0.5, 2.0), (1.0, 1.5)]
    assert run.accuracies == [(1, 0.7)]


def test_runs_are_told_apart_and_end_with_their_task() -> None:
    log = TrainingLog()
    for outcome in ("done", "cancelled", "failed"):
        log(TrainingStarted(1))
        log(ended("prune", "done"))
        log(ended("finetune", outcome))
    assert [(run.number, run.outcome) for run in log.runs] == [
        (1, "done"),
        (2, "cancelled"),
        (3, "failed"),
    ]


def test_a_task_that_never_began_to_train_changes_no_run() -> None:
    log = TrainingLog()
    log(ended("finetune", "cancelled"))
    assert log.runs == ()
    log(TrainingStarted(1))
    log(ended("finetune", "done"))
    log(ended("finetune", "cancelled"))
    assert [run.outcome for run in log.runs] == ["done"]
