import pytest
import torch

from workbench import Plan, Session
from workbench.errors import HistoryError, PlanError, TrainingError
from workbench.events import ActionTaken, EpochTrained
from workbench.progress import Cancelled
from workbench.session import Step


def kept(step: Step) -> dict[str, int]:
    return {unit.unit: unit.kept for unit in step.units}


def kinds(session: Session) -> list[str]:
    return [step.kind for step in session.history.path()]


def weight(session: Session, step_id: int) -> torch.Tensor:
    tensor: torch.Tensor = session.history.model_of(step_id).module.state_dict()["conv1.weight"]
    return tensor


def test_pruning_in_rounds_reaches_the_plan_in_rising_steps(session: Session) -> None:
    plan = session.plan = Plan(granularity="weight", ratio=0.75)
    last = session.prune_iteratively(1, rounds=2, batch_size=16)
    assert kinds(session) == ["open", "prune", "finetune", "prune", "finetune"]
    first, final = (session.history[place] for place in (1, 3))
    assert first.plan is not None
    assert first.plan.ratio_of("conv2") == pytest.approx(0.75 * (1 - 0.5**3))
    assert (final.plan, last.id) == (plan, 4)
    assert kept(final)["conv2"] == 54 < kept(first)["conv2"] == 74
    assert [run.outcome for run in session.training.runs] == ["done", "done"]
    assert session.interrupted is None


def test_a_ticket_is_trained_again_from_the_weights_of_the_beginning(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.75)
    session.find_ticket(1, rounds=2)
    a_round = ["prune", "rewind", "finetune"]
    assert kinds(session) == ["open", "finetune", *a_round, *a_round]
    for rewound in (3, 6):
        mask = session.history.model_of(rewound).masks["conv1"]
        assert torch.equal(weight(session, rewound), weight(session, 0) * mask)


def test_rounds_of_a_ticket_remove_the_same_share_of_what_is_left(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.75)
    session.find_ticket(1, rounds=2, batch_size=16)
    prunings = [step for step in session.history.path() if step.kind == "prune"]
    assert [kept(step)["conv2"] for step in prunings] == [108, 54]


def test_a_random_control_has_the_same_widths_and_the_same_training(session: Session) -> None:
    session.plan = Plan(ratio=0.5, criterion="l2").with_ratio("conv1", 0.25)
    session.prune_iteratively(2, rounds=2, batch_size=16)
    here = session.history.current
    control = session.control_random(seed=5)
    assert session.history.current == here  # it lies beside
    assert control.title == "control: at random, seed 5"
    path = session.history.path(control.id)
    assert [step.kind for step in path] == ["open", "prune", "finetune", "finetune"]
    assert path[1].plan is not None
    assert (path[1].plan.criterion, path[1].plan.seed) == ("random", 5)
    assert kept(path[1]) == kept(session.history[3])
    assert control.metrics.parameters == here.metrics.parameters


def test_a_scratch_control_trains_the_pruned_network_from_fresh_weights(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    trained = session.finetune(2, learning_rate=0.01)
    control = session.control_scratch(seed=1)
    longer = session.control_scratch(seed=1, epochs=3)
    assert session.history.current == trained
    assert [s.kind for s in session.history.path(control.id)] == [
        *("open", "prune", "reinitialize", "finetune")
    ]
    assert control.metrics.parameters == trained.metrics.parameters
    assert (len(control.epochs), len(longer.epochs)) == (2, 3)


def test_controls_of_weights_zero_as_many(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.5)
    pruned = session.prune()
    session.finetune(1)
    control = session.control_random()
    assert kept(session.history.path(control.id)[1]) == kept(pruned)


def test_controls_without_anything_to_compare_with_are_refused(session: Session) -> None:
    with pytest.raises(HistoryError, match=r"needs a pruned step .* on the way to step 0"):
        session.control_random()
    session.plan = Plan(ratio=0.5)
    session.prune()
    with pytest.raises(HistoryError, match=r"trained after pruning.* and step 1 was not"):
        session.control_scratch()
    assert len(session.history) == 2


@pytest.mark.parametrize("rounds", [0, 1.5])
def test_rounds_are_counted(session: Session, rounds: int) -> None:
    message = f"rounds of pruning in rounds must be a whole number of at least 1, got {rounds}"
    with pytest.raises(TrainingError, match=message):
        session.prune_iteratively(1, rounds=rounds)


def test_a_pattern_has_no_rounds(session: Session) -> None:
    session.plan = Plan(granularity="n:m", ratio=0.5)
    with pytest.raises(PlanError, match="more than one round, got 'n:m'"):
        session.find_ticket(1, rounds=2)
    assert len(session.history) == 1


def test_cancelling_a_round_keeps_the_steps_before_it(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.75)
    trained = 0

    def listen(event: object) -> None:
        nonlocal trained
        if isinstance(event, EpochTrained):
            trained += 1
            if trained == 4:
                session.cancel()

    session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        session.prune_iteratively(3, rounds=3)
    assert kinds(session) == ["open", "prune", "finetune", "prune"]
    assert session.interrupted is not None and session.interrupted.epoch == 1
    session.resume()
    assert kinds(session) == ["open", *(["prune", "finetune"] * 3)]


def test_a_cancelled_control_leaves_the_current_step_where_it_was(session: Session) -> None:
    session.plan = Plan(ratio=0.5)
    session.prune()
    here = session.finetune(2)

    def listen(event: object) -> None:
        if isinstance(event, EpochTrained):
            session.cancel()

    session.events.subscribe(listen)
    with pytest.raises(Cancelled):
        session.control_random()
    assert session.history.current == here


def test_every_step_of_a_round_is_reported_as_an_action(session: Session) -> None:
    actions: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, ActionTaken):
            actions.append(event.action.kind)

    session.events.subscribe(listen)
    session.plan = Plan(granularity="weight", ratio=0.5)
    session.prune_iteratively(1, rounds=2)
    assert actions == ["set_plan", "prune", "finetune", "prune", "finetune"]
