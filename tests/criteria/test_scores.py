import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import TRAPS, Network, conv, pooled
from torch import Tensor, nn
from toys import counted_up, dense_model

from workbench import Plan
from workbench.criteria import criterion_named
from workbench.criteria.random import drawn
from workbench.pruned import PrunedModel


def one_by_one(*filters: float) -> nn.Conv2d:
    """A 1x1 convolution of one input channel with these filters."""
    layer = nn.Conv2d(1, len(filters), 1, bias=False)
    layer.weight.data = torch.tensor(filters, dtype=torch.float32).reshape(-1, 1, 1, 1)
    return layer


def test_coupled_layers_count_alike_whatever_their_scale() -> None:
    # |first| / 5 = 0.6 0.8 and |second| / 50 = 0.96 0.28; the sum of both is 1.56 1.08.
    net = Network(
        lambda m, x: m.head(pooled(m.first(x) + m.second(x))),
        first=one_by_one(3, -4),
        second=one_by_one(-48, 14),
        head=nn.Linear(2, 3),
    )
    scores = dense_model(net, (1, 2, 2)).scores(Plan())
    assert scores["first"] == pytest.approx([1.56, 1.08])


def test_readers_and_norms_of_a_channel_do_not_count() -> None:
    net = nn.Sequential(one_by_one(3, 4), nn.BatchNorm2d(2), conv(2, 4), nn.Flatten()).eval()
    net[1].weight.data = torch.tensor([100.0, 0.0])
    net[2].weight.data[:, 0] = 100
    assert dense_model(net, (1, 2, 2)).scores(Plan())["0"] == pytest.approx([0.6, 0.8])


def test_the_filters_of_one_channel_count_by_their_mean() -> None:
    # A depthwise multiplier of 2: channel 0 has the filters 1 and 1, channel 1 has 3 and 5, all
    # over 6; the stem adds 3 and 4 over 5.
    depthwise = nn.Conv2d(2, 4, 1, groups=2, bias=False)
    depthwise.weight.data = torch.tensor([1.0, 1, 3, 5]).reshape(4, 1, 1, 1)
    net = Network(
        lambda m, x: m.head(pooled(m.depthwise(m.stem(x)))),
        stem=one_by_one(3, 4),
        depthwise=depthwise,
        head=nn.Linear(4, 3),
    )
    scores = dense_model(net, (1, 2, 2)).scores(Plan())["stem"]
    assert scores == pytest.approx([3 / 5 + 1 / 6, 4 / 5 + 4 / 6])


def test_a_transposed_convolution_is_scored_along_its_outputs() -> None:
    up = nn.ConvTranspose2d(1, 3, 1, bias=False)  # weight (C_in, C_out, 1, 1)
    up.weight.data = torch.tensor([1.0, -2, 2]).reshape(1, 3, 1, 1)
    net = nn.Sequential(up, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    assert dense_model(net, (1, 2, 2)).scores(Plan())["0"] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_a_weight_of_any_module_is_scored_whatever_its_name() -> None:
    class Projection(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter(torch.tensor([[1.0, 0], [0, -2], [2, 0]]))

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.matrix)

    net = nn.Sequential(Projection(), nn.ReLU(), nn.Linear(3, 2)).eval()
    assert dense_model(net, (2,)).scores(Plan())["0"] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_scores_keep_the_dense_numbering_after_a_removal(dense: PrunedModel) -> None:
    before = dense.scores(Plan())["conv1"]
    pruned, _ = dense.prune(Plan(ratios={"conv1": 0.5}))
    after = pruned.scores(Plan())["conv1"]
    assert before.tolist() == sorted(before)
    assert after[:2].tolist() == [0, 0]
    assert after[3] / after[2] == pytest.approx(before[3] / before[2])


@pytest.mark.parametrize("granularity", ["channel", "weight"])
@pytest.mark.parametrize("criterion", ["l1", "l2", "lamp", "fpgm"])
def test_a_network_of_zeros_can_be_scored(criterion: str, granularity: str) -> None:
    if granularity not in criterion_named(criterion).granularities:
        return
    net = TRAPS["residual"].make().eval()
    for parameter in net.parameters():
        parameter.data.zero_()
    plan = Plan(criterion=criterion, granularity=granularity)
    scores = dense_model(net, (3, 4, 4)).scores(plan)
    assert all(not scored.any() for scored in scores.values())


def test_weights_score_one_by_one_and_removed_ones_zero(dense: PrunedModel) -> None:
    pruned, _ = dense.prune(Plan(ratios={"conv1": 0.5}))
    scores = pruned.scores(Plan(granularity="weight"))
    assert scores["conv1"].tolist() == pytest.approx([0.0] * 18 + [n / 36 for n in range(19, 37)])
    assert scores["conv2"].shape == (216,)


@pytest.mark.parametrize("granularity", ["channel", "weight"])
def test_random_scores_depend_on_the_seed_alone(dense: PrunedModel, granularity: str) -> None:
    plan = Plan(granularity=granularity, criterion="random")
    first = dense.scores(plan)
    torch.manual_seed(1)
    torch.rand(3)
    again = dense.scores(plan)
    other = dense.scores(plan.with_(seed=1))
    for name in ("conv1", "conv2"):
        assert np.array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])


def test_random_scores_leave_the_random_numbers_of_the_user_alone(dense: PrunedModel) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    dense.scores(Plan(criterion="random"))
    assert torch.equal(torch.rand(3), expected)


def test_random_scores_of_a_layer_do_not_depend_on_the_other_layers() -> None:
    def stack(*layers: nn.Module) -> PrunedModel:
        names = dict(zip(("last", "middle", "first"), layers, strict=False))
        net = Network(lambda m, x: nn.Sequential(*reversed(list(m.children())))(x), **names)
        return dense_model(counted_up(net), (4,))

    plan = Plan(granularity="weight", criterion="random")
    short = stack(nn.Linear(4, 3)).scores(plan)["last"]
    long = stack(nn.Linear(4, 3), nn.Linear(5, 4), nn.Linear(4, 5)).scores(plan)["last"]
    assert np.array_equal(short, long)


def test_every_name_and_seed_has_numbers_of_its_own() -> None:
    first = {float(drawn(seed, name, 1)[0]) for seed in range(3) for name in "abc"}
    assert len(first) == 9


def test_scoring_leaves_the_model_untouched(dense: PrunedModel) -> None:
    before = {name: tensor.clone() for name, tensor in dense.module.state_dict().items()}
    for criterion in ("l1", "l2", "random"):
        dense.scores(Plan(criterion=criterion))
        dense.scores(Plan(granularity="weight", criterion=criterion))
    assert all(torch.equal(before[n], t) for n, t in dense.module.state_dict().items())


def test_a_filter_among_few_counts_for_more_than_one_among_many() -> None:
    # Equal filters: 1 / sqrt 4 each of four, 1 / sqrt 9 each of nine.
    net = nn.Sequential(one_by_one(1, 1, 1, 1), nn.Conv2d(4, 9, 1), nn.AdaptiveAvgPool2d(1))
    net[1].weight.data = torch.full((9, 4, 1, 1), 0.1)
    net = nn.Sequential(*net, nn.Flatten(), nn.Linear(9, 2)).eval()
    scores = dense_model(net, (1, 2, 2)).scores(Plan(criterion="l2"))
    assert scores["0"] == pytest.approx([1 / 2] * 4)
    assert scores["1"] == pytest.approx([1 / 3] * 9)


@pytest.mark.parametrize("granularity", ["channel", "weight"])
def test_random_scores_stay_when_something_is_removed(dense: PrunedModel, granularity: str) -> None:
    plan = Plan(granularity=granularity, criterion="random", ratio=0.5)
    halfway, _ = dense.prune(plan.with_ratios(0.25))
    before, after = dense.scores(plan), halfway.scores(plan)
    for unit, left in halfway.alive(granularity).items():
        assert np.array_equal(before[unit][left], after[unit][left])
    once, twice = dense.prune(plan)[0], halfway.prune(plan)[0]
    for unit, left in once.alive(granularity).items():
        assert np.array_equal(left, twice.alive(granularity)[unit])
