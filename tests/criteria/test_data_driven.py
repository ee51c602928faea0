"""Criteria that read training data, by hand; tests/hand_net.py has the gradients."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hand_net import HIDDEN, ONE_AND_TWO, READERS, hand_net, scored
from networks import Network, conv, pooled
from torch import Tensor, nn
from toys import dense_model

from workbench import Plan
from workbench.criteria.obd import curvature_factor
from workbench.pruned import PrunedModel


@pytest.fixture
def hand() -> PrunedModel:
    return dense_model(hand_net(), (1,))


def test_taylor_squares_the_batch_gradient_times_the_weight(hand: PrunedModel) -> None:
    # The mean gradient of both inputs is 1.5 times that of x = 1; its square 2.25 times.
    scores = scored(hand, Plan(granularity="weight", criterion="taylor"))
    assert scores[HIDDEN] == pytest.approx([2.25 * n for n in (1, 1, 4)])
    assert scores[READERS] == pytest.approx([2.25 * n for n in (0.25, 1, 4, 2.25, 4, 0)])


def test_taylor_averages_the_squares_of_the_batches(hand: PrunedModel) -> None:
    # Two batches of one input each: (1 + 4) / 2 times the squares of x = 1.
    data = [(x[None], y[None]) for x, y in zip(*ONE_AND_TWO[0], strict=True)]
    scores = scored(hand, Plan(granularity="weight", criterion="taylor"), data)
    assert scores[HIDDEN] == pytest.approx([2.5, 2.5, 10])


def test_taylor_of_a_channel_sums_over_the_weights_that_read_it(hand: PrunedModel) -> None:
    scores = scored(hand, Plan(criterion="taylor"))
    assert scores[HIDDEN] == pytest.approx([2.25 * n for n in (0.25 + 2.25, 1 + 4, 4 + 0)])


def test_taylor_of_activations_averages_what_each_input_says(hand: PrunedModel) -> None:
    # |1|, |1|, |-2| for x = 1 and twice that for x = 2.
    assert scored(hand, Plan(criterion="taylor_activation"))[HIDDEN] == pytest.approx([1.5, 1.5, 3])


def test_effects_of_inputs_do_not_cancel_in_taylor_of_activations(hand: PrunedModel) -> None:
    opposite = [(torch.tensor([[1.0], [1.0]]), torch.tensor([0, 1]))]
    assert scored(hand, Plan(criterion="taylor"), opposite)[HIDDEN] == [0, 0, 0]
    activations = scored(hand, Plan(criterion="taylor_activation"), opposite)
    assert activations[HIDDEN] == pytest.approx([1, 1, 2])


def test_fisher_averages_half_the_squares_of_single_inputs(hand: PrunedModel) -> None:
    # (1 + 4) / 2 / 2 = 1.25 times the squares of x = 1.
    scores = scored(hand, Plan(granularity="weight", criterion="fisher"))
    assert scores[HIDDEN] == pytest.approx([1.25 * n for n in (1, 1, 4)])
    assert scores[READERS] == pytest.approx([1.25 * n for n in (0.25, 1, 4, 2.25, 4, 0)])


def test_fisher_of_a_channel_sums_before_it_squares(hand: PrunedModel) -> None:
    # Sums 1, 1, -2 for x = 1; the second channel's weights say -1 and 2, and cancel in part.
    scores = scored(hand, Plan(criterion="fisher"))
    assert scores[HIDDEN] == pytest.approx([1.25 * n for n in (1, 1, 4)])


def test_optimal_brain_damage_weighs_squares_by_curvature(hand: PrunedModel) -> None:
    # Two classes at 1/2: the curvature by either score is 1/4, by v its activation squared times
    # that, (1, 4, 16) / 4 for x = 1. By w it is x^2 times the square of the difference of the two
    # columns of v, over 4: (4, 1, 1) / 4. With both inputs: times (1 + 4) / 2. Scores are half of
    # that times the squared weight.
    weight = Plan(granularity="weight", criterion="obd")
    by_v = [n * 2.5 / 8 for n in (1 * 1, 4 * 1, 16 * 1, 1 * 9, 4 * 4, 16 * 0)]
    by_w = [n * 2.5 / 8 for n in (4 * 1, 1 * 4, 1 * 16)]
    runs = [scored(hand, weight.with_(seed=seed)) for seed in range(300)]
    assert mean([run[READERS] for run in runs]) == pytest.approx(by_v, rel=0.1)
    assert mean([run[HIDDEN] for run in runs]) == pytest.approx(by_w, rel=0.1)
    # Of a channel: the column sums 10, 20 and 16 of what reads it; all probes agree on the ratios.
    assert scored(hand, Plan(criterion="obd"))[HIDDEN] == pytest.approx(unit(10, 20, 16))


def test_the_factor_of_the_curvature_gives_the_hessian_of_cross_entropy() -> None:
    # Over all signs, the mean of B s s^T B^T is B B^T = diag(p) - p p^T.
    p = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=3)), dtype=torch.float64)
    found = curvature_factor(p.expand(8, 3), signs)
    hessian = torch.autograd.functional.hessian(
        lambda z: F.cross_entropy(z[None], torch.tensor([0])), p.log()
    )
    assert torch.allclose(found.T @ found / 8, hessian)


def test_activity_is_the_share_above_zero(hand: PrunedModel) -> None:
    hand.module.get_parameter("0.weight").data = torch.tensor([[1.0], [-1.0], [0.0]])
    data = [(torch.tensor([[1.0], [2.0], [3.0], [-1.0]]), torch.tensor([0, 0, 1, 1]))]
    assert scored(hand, Plan(criterion="apoz"), data)[HIDDEN] == pytest.approx(unit(3, 1, 0))


def test_activity_counts_every_position_after_a_functional_nonlinearity() -> None:
    # Channel 0 is the image, channel 1 its negative; each lies at two positions of the classifier.
    net = Network(
        lambda m, x: m.head(F.relu(m.stem(x)).flatten(1)),
        stem=nn.Conv2d(1, 2, 1, bias=False),
        head=nn.Linear(4, 2),
    )
    net.stem.weight.data = torch.tensor([1.0, -1]).reshape(2, 1, 1, 1)
    dense = dense_model(net.eval(), (1, 1, 2))
    image = torch.tensor([[[[1.0, -1]]], [[[1.0, 1]]]])  # above zero at 3 of 4 positions
    found = scored(dense, Plan(criterion="apoz"), [(image, torch.tensor([0, 1]))])
    assert found["stem"] == pytest.approx(unit(3, 1))


def test_activity_averages_over_the_layers_that_read_a_channel() -> None:
    # For x = 1 and x = 2 the first reader gets (x, x), above zero always; the second
    # (x - 1.5, x): shares of 1/2 and 1. The means are 3/4 and 1.
    net = Network(
        lambda m, x: m.first(m.stem(x)) + m.second(m.stem(x) - torch.tensor([1.5, 0])),
        stem=nn.Linear(1, 2, bias=False),
        first=nn.Linear(2, 2),
        second=nn.Linear(2, 2),
    )
    net.stem.weight.data = torch.ones(2, 1)
    found = scored(dense_model(net.eval(), (1,)), Plan(criterion="apoz"))
    assert found["stem"] == pytest.approx(unit(3, 4))


def test_the_groups_of_a_grouped_reader_count_alike() -> None:
    # Four channels in two classes, {0, 2} and {1, 3}; above zero: 0, 1 and 3.
    net = Network(
        lambda m, x: m.head(pooled(m.grouped(m.stem(x)))),
        stem=nn.Conv2d(1, 4, 1, bias=False),
        grouped=conv(4, 4, groups=2),
        head=nn.Linear(4, 2),
    )
    net.stem.weight.data = torch.tensor([1.0, 1, -1, 1]).reshape(4, 1, 1, 1)
    data = [(torch.ones(1, 1, 2, 2), torch.tensor([0]))]
    found = scored(dense_model(net.eval(), (1, 2, 2)), Plan(criterion="apoz"), data)
    assert found["stem"] == pytest.approx(unit(1, 2))


def test_fluctuation_is_the_variance_times_the_squared_weights_that_read(hand: PrunedModel) -> None:
    # For x = 1 and x = 2 the channels are (1, 2, 4) times x, of variance (1, 4, 16) / 4; the
    # squares of what reads them are 10, 5 and 1.
    hand.module.get_parameter(f"{READERS}.weight").data = torch.tensor([[1.0, 2, 0], [3, -1, 1]])
    found = scored(hand, Plan(criterion="fluctuation"))
    assert found[HIDDEN] == pytest.approx(unit(1 * 10, 4 * 5, 16 * 1))


@pytest.mark.parametrize(
    "reader",
    [
        nn.Conv2d(6, 5, 3, padding=1, stride=2, bias=False),
        nn.Conv2d(6, 4, (3, 2), dilation=2, padding="same", padding_mode="reflect", bias=False),
        nn.Conv2d(6, 5, 1, bias=False),
    ],
)
def test_neighbours_that_a_kernel_reads_together_vary_together(reader: nn.Conv2d) -> None:
    torch.manual_seed(0)
    dense = dense_model(nn.Sequential(nn.Conv2d(2, 6, 1), reader).eval(), (2, 11, 12))
    inputs = torch.randn(7, 2, 11, 12).cumsum(2)
    found = scored(dense, Plan(criterion="fluctuation"), [(inputs, torch.zeros(7).long())])["0"]
    hidden = dense.module.get_submodule("0")(inputs).detach()
    alone = [hidden * (torch.arange(6) == channel)[:, None, None] for channel in range(6)]
    added = [dense.module.get_submodule("1")(part).double() for part in alone]
    variances = [each.transpose(0, 1).flatten(1).var(dim=1, correction=0).sum() for each in added]
    expected = unit(*(float(variance.detach()) for variance in variances))
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_channel_that_is_always_the_same_does_not_fluctuate(hand: PrunedModel) -> None:
    one = [(torch.full((4, 1), 3.0), torch.tensor([0, 1, 0, 1]))]
    hand.module.get_parameter("0.weight").data *= 1e3  # however large it is
    hand.module.get_parameter("0.weight").data[2] = 0
    assert scored(hand, Plan(criterion="fluctuation"), one)[HIDDEN] == pytest.approx([0, 0, 0])


def test_fluctuation_adds_up_over_the_layers_that_read_a_channel() -> None:
    # Squared weights by channel: 0 + 1, 4 + 1 and 1 + 1 of the first reader, 1 + 4, 1 + 1 and
    # 0 + 1 of the second; variances (1, 4, 16) / 4.
    found = scored(dense_model(TwoReaders().eval(), (1,)), Plan(criterion="fluctuation"))
    assert found["stem"] == pytest.approx(unit(1 * (1 + 5), 4 * (5 + 2), 16 * (2 + 1)))


class TwoReaders(nn.Module):
    """The hand network with its readers split in two, as on a residual stream."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, whole = hand_net()[0], hand_net()[2].weight.data
        part = torch.tensor([[0.0, 2, 1], [1, 1, -1]])
        self.first, self.second = (nn.Linear(3, 2, bias=False) for _ in range(2))
        self.first.weight.data, self.second.weight.data = part, whole - part

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.stem(x))
        return self.first(h) + self.second(h)


@pytest.mark.parametrize(
    ("criterion", "expected"), [("taylor_activation", [1.5, 1.5, 3]), ("fisher", [1.25, 1.25, 5])]
)
def test_readers_of_a_group_are_added_up_before_the_sign_is_lost(
    criterion: str, expected: list[float]
) -> None:
    found = scored(dense_model(TwoReaders().eval(), (1,)), Plan(criterion=criterion))
    assert found["stem"] == pytest.approx(expected)


def test_readers_of_a_group_add_their_squares_in_taylor() -> None:
    # For x = 1 the gradients are ((-1/2, -1, -2), (1/2, 1, 2)) for both readers; times
    # ((0, 2, 1), (1, 1, -1)) and ((1, -1, 0), (2, 1, 1)) the squares by channel are
    # 0 + 1/4 + 1/4 + 1, 4 + 1 + 1 + 1 and 4 + 4 + 0 + 4.
    found = scored(dense_model(TwoReaders().eval(), (1,)), Plan(criterion="taylor"))
    assert found["stem"] == pytest.approx([2.25 * n for n in (1.5, 7, 12)])


def test_all_positions_of_a_flattened_channel_are_added_up() -> None:
    # Two positions of 1/2, read with equal weights, are the hand network's x = 1: per position
    # w * gradient is half of what it is there.
    net = nn.Sequential(nn.Conv2d(1, 3, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2))
    net[0].weight.data = hand_net()[0].weight.data.reshape(3, 1, 1, 1)
    net[3].weight.data = hand_net()[2].weight.data.repeat_interleave(2, dim=1)
    net[3].bias.data.zero_()
    dense = dense_model(net.eval(), (1, 1, 2))
    data = [(torch.full((1, 1, 1, 2), 0.5), torch.tensor([0]))]
    assert scored(dense, Plan(criterion="taylor_activation"), data)["0"] == pytest.approx([1, 1, 2])
    taylor = scored(dense, Plan(criterion="taylor"), data)["0"]
    assert taylor == pytest.approx([2 * n / 4 for n in (2.5, 5, 4)])


class ByFunction(nn.Module):
    """The hand network, its readers a bare parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.matrix = hand_net()[0], nn.Parameter(hand_net()[2].weight.data)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.relu(self.stem(x)), self.matrix)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("taylor_activation", [1.5, 1.5, 3]),
        ("fisher", [1.25, 1.25, 5]),
        ("taylor", [2.25 * 2.5, 2.25 * 5, 2.25 * 4]),
    ],
)
def test_weights_that_functions_use_are_read_too(criterion: str, expected: list[float]) -> None:
    found = scored(dense_model(ByFunction().eval(), (1,)), Plan(criterion=criterion))
    assert found["stem"] == pytest.approx(expected)


def test_without_a_layer_to_look_into_activity_falls_back_to_norms() -> None:
    # No group could be measured: the norms 1, 2, 4 divided by their mean.
    found = scored(dense_model(ByFunction().eval(), (1,)), Plan(criterion="apoz"))
    assert found["stem"] == pytest.approx([3 / 7, 6 / 7, 12 / 7])


def test_groups_that_nothing_reads_compete_at_the_mean_score_of_the_others() -> None:
    # The class scores themselves are read by nothing: norms sqrt 3 and sqrt 13, scaled to a mean
    # of 2, that of the hidden channels' 1.5, 1.5 and 3.
    found = scored(dense_model(hand_net(), (1,)), Plan(criterion="taylor_activation"))
    assert found[READERS] == pytest.approx([4 * n / (3**0.5 + 13**0.5) for n in (3**0.5, 13**0.5)])


def test_scores_of_a_pruned_model_keep_the_dense_numbering(hand: PrunedModel) -> None:
    # Without channel 0 the scores are 6 x and 4 x, no more alike; only where they lie is tested.
    pruned, _ = hand.prune(Plan(ratios={HIDDEN: 1 / 3}))
    assert pruned.alive("channel")[HIDDEN].tolist() == [False, True, True]
    for criterion in ("taylor", "taylor_activation", "obd", "fisher", "apoz", "fluctuation"):
        scores = scored(pruned, Plan(criterion=criterion))[HIDDEN]
        assert scores[0] == 0 and all(scores[1:])


class Attention(nn.Module):
    """Attention by one function of torch, whose fast kernels cannot be differentiated twice."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.head = nn.Linear(4, 12), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).unflatten(-1, (3, 2, 2)).permute(2, 0, 3, 1, 4)
        return self.head(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2).mean(1))


@pytest.mark.parametrize("criterion", ["taylor", "obd", "fisher"])
def test_weights_around_attention_are_scored(criterion: str) -> None:
    torch.manual_seed(0)
    dense = dense_model(Attention().eval(), (3, 4))
    data = [(torch.randn(8, 3, 4), torch.arange(8) % 2)]
    scores = scored(dense, Plan(granularity="weight", criterion=criterion), data)
    assert min(scores["qkv"]) >= 0 and sum(score > 0 for score in scores["qkv"]) > 40


def unit(*scores: float) -> list[float]:
    """Scores divided by their L2 norm."""
    return [score / math.hypot(*scores) for score in scores]


def mean(runs: list[list[float]]) -> list[float]:
    return [sum(figures) / len(runs) for figures in zip(*runs, strict=True)]
