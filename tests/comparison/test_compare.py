"""Two steps beside each other."""

import pytest
import torch
from networks import Network
from toys import counted_up

from workbench import Plan, Session
from workbench.comparison import compare, compare_weights
from workbench.comparison.layers import Counts, compare_layers
from workbench.data import Dataset
from workbench.errors import HistoryError, ModelError
from workbench.session.history import History


@pytest.fixture
def history(session: Session) -> History:
    """0 opened; 1 pruned by half; 2 fine-tuned; and from 1 a branch: 3 pruned further by l2."""
    session.plan = Plan(ratio=0.5)
    session.prune()
    session.finetune(1)
    session.checkout(1)
    session.plan = Plan(ratio=0.75, criterion="l2")
    session.prune()
    return session.history


def test_metrics_are_beside_each_other_with_differences(history: History) -> None:
    changes = {change.metric: change for change in compare(history, 0, 1).metrics}
    parameters = changes["parameters"]
    assert (parameters.first, parameters.second) == (287, history[1].metrics.parameters)
    assert parameters.difference == parameters.second - 287
    assert parameters.relative == pytest.approx(parameters.second / 287 - 1)
    latency = changes["latency_ms"]
    assert (latency.first, latency.difference, latency.relative) == (None, None, None)


def test_widths_and_weights_count_what_is_left_of_each_layer(history: History) -> None:
    layers = {change.layer: change for change in compare(history, 1, 3).layers}
    assert list(layers) == ["conv1", "conv2", "classifier"]
    assert layers["conv1"].channels == Counts(4, 2, 1)
    assert layers["conv2"].channels == Counts(6, 3, 2)
    assert layers["conv2"].weights == Counts(6 * 4 * 9, 3 * 2 * 9, 2 * 1 * 9)
    assert layers["classifier"].channels == Counts(3, 3, 3)
    assert layers["conv1"].channels.shares == (0.5, 0.25)


def test_masked_weights_are_not_counted(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.75)
    session.prune()
    layers = {change.layer: change for change in compare(session.history, 0, 1).layers}
    assert layers["conv2"].weights == Counts(216, 216, 54)
    assert layers["conv2"].channels == Counts(6, 6, 6)


def test_a_layer_that_shares_a_masked_weight_has_lost_as_much(
    data: Dataset, no_runtimes: None
) -> None:
    net = Network(
        lambda m, x: m.head(m.b(torch.relu(m.a(torch.relu(m.stem(x))))).mean((2, 3))),
        stem=torch.nn.Conv2d(1, 4, 3, padding=1),
        a=torch.nn.Conv2d(4, 4, 3, padding=1),
        b=torch.nn.Conv2d(4, 4, 3, padding=1),
        head=torch.nn.Linear(4, 3),
    )
    counted_up(net)
    net.b.weight = net.a.weight
    with Session(net, data) as session:
        session.plan = Plan(granularity="weight").with_ratio("a", 0.5)
        session.prune()
        found = {c.layer: c.weights.second for c in compare(session.history, 0, 1).layers}
    assert (found["a"], found["b"]) == (72, 72)


def test_the_ways_to_both_part_at_the_last_step_they_share(history: History) -> None:
    found = compare(history, 2, 3)
    assert found.shared.id == 1
    assert [step.id for step in found.first_way] == [2]
    assert [step.id for step in found.second_way] == [3]
    along = compare(history, 0, 2)
    assert (along.shared.id, along.first_way) == (0, ())
    assert [step.id for step in along.second_way] == [1, 2]


def test_settings_tell_two_prunings_apart(history: History) -> None:
    settings = {s.name: (s.first, s.second) for s in compare(history, 1, 3).settings}
    assert settings == {"plan.criterion": ("l1", "l2"), "plan.ratio": ("0.5", "0.75")}
    assert compare(history, 1, 2).settings == ()


def test_a_step_is_like_itself(history: History) -> None:
    found = compare(history, 2, 2)
    assert found.settings == () and found.first_way == found.second_way == ()
    assert {change.difference for change in found.metrics} == {0, None}
    assert all(change.weights.first == change.weights.second for change in found.layers)


@pytest.mark.parametrize("pair", [(0, 9), (9, 0)])
def test_a_step_that_is_not_there_cannot_be_compared(
    history: History, pair: tuple[int, int]
) -> None:
    with pytest.raises(HistoryError, match="step must be one of 0 to 3, got 9"):
        compare(history, *pair)


def test_weights_of_both_steps_lie_in_the_same_bins(history: History) -> None:
    found = compare_weights(history, 0, 1, "conv1", bins=4)
    assert found.edges == (-1, -0.5, 0, 0.5, 1)
    # Of 1/36 ... 36/36 below and from a half: and of the two channels with the largest.
    assert found.first == (0, 0, 17, 19)
    assert found.second == (0, 0, 0, 18)


def test_removed_weights_are_in_no_bin(session: Session) -> None:
    session.plan = Plan(granularity="weight", ratio=0.75)
    session.prune()
    found = compare_weights(session.history, 0, 1, "conv1", bins=4)
    assert sum(found.first) == 36
    assert found.second == (0, 0, 0, 9)


def test_weights_of_an_unknown_layer_are_refused_with_the_closest(history: History) -> None:
    with pytest.raises(ModelError, match=r"got 'conv11'\. Did you mean 'conv1'"):
        compare_weights(history, 0, 1, "conv11")
    with pytest.raises(ModelError, match=r"must be a convolution or linear layer .* got 'bn'"):
        compare_weights(history, 0, 1, "bn")


def test_layers_without_a_change_are_whole(history: History) -> None:
    dense = history.model_of(0)
    assert {change.weights.shares for change in compare_layers(dense, dense, dense)} == {(1, 1)}
