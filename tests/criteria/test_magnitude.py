"""Criteria that look at weights alone, by hand."""

import math

import numpy as np
import pytest
import torch
from networks import Network, conv, pooled
from torch import Tensor, nn
from toys import dense_model

from workbench import Plan
from workbench.criteria import criterion_named
from workbench.criteria.evidence import NOTHING
from workbench.criteria.lamp import share_of_the_rest
from workbench.criteria.magnitude import FilterCriterion
from workbench.criteria.subject import LayerWeight
from workbench.errors import CriterionError

WEIGHT = torch.tensor([[[3.0, -4.0]], [[0.0, 1.0]]])  # (C_out, C_in, kernel) = (2, 1, 2)


def filter_scores(name: str, weight: Tensor) -> list[float]:
    criterion = criterion_named(name)
    assert isinstance(criterion, FilterCriterion)
    return criterion.channel_importance(weight).tolist()


def weight_scores(name: str, weight: Tensor) -> Tensor:
    layer = LayerWeight("layer", "layer.weight", weight, np.ones(weight.numel(), bool))
    return criterion_named(name).weight_scores(layer, NOTHING)


@pytest.mark.parametrize(("name", "channels"), [("l1", [7.0, 1.0]), ("l2", [5.0, 1.0])])
def test_a_filter_counts_by_its_norm(name: str, channels: list[float]) -> None:
    assert filter_scores(name, WEIGHT) == channels


@pytest.mark.parametrize(
    ("name", "weights"), [("l1", [[[3, 4]], [[0, 1]]]), ("l2", [[[9, 16]], [[0, 1]]])]
)
def test_a_weight_counts_by_its_magnitude(name: str, weights: list[object]) -> None:
    assert weight_scores(name, WEIGHT).tolist() == weights


def test_a_filter_counts_by_its_distances_to_all_others() -> None:
    # Filters (0, 0), (3, 4) and (6, 8) lie on a line, 5 apart: the distances of the first add up
    # to 5 + 10, of the middle one to 5 + 5. By norm the first, not the middle one, would go.
    weight = torch.tensor([[0.0, 0], [3, 4], [6, 8]]).reshape(3, 2, 1, 1)
    assert filter_scores("fpgm", weight) == [15, 10, 15]


def test_equal_filters_are_no_distance_apart() -> None:
    weight = 1000 + torch.rand(1, 50, generator=torch.Generator().manual_seed(0))
    assert filter_scores("fpgm", weight.repeat(3, 1)) == [0, 0, 0]


def test_a_weight_counts_by_its_share_of_the_squares_that_are_not_smaller() -> None:
    # Squares 9 16 0 1: 1 / (1 + 9 + 16), 9 / (9 + 16), 16 / 16.
    scores = weight_scores("lamp", WEIGHT)
    assert scores.flatten().tolist() == pytest.approx([9 / 25, 1, 0, 1 / 26])
    assert scores.shape == WEIGHT.shape


def test_of_equal_squares_the_first_counts_as_the_smaller() -> None:
    shares = share_of_the_rest(torch.tensor([4.0, 4.0, 4.0]))
    assert shares.tolist() == pytest.approx([1 / 3, 1 / 2, 1])


def test_shares_stay_when_smaller_weights_are_removed() -> None:
    pruned = WEIGHT.clone()
    pruned[1, 0, 1] = 0
    before, after = weight_scores("lamp", WEIGHT).flatten(), weight_scores("lamp", pruned).flatten()
    assert after.tolist() == [before[0], before[1], 0, 0]


def one_by_one(*filters: float, bias: bool = False) -> nn.Conv2d:
    """A 1x1 convolution of one input channel with these filters."""
    layer = nn.Conv2d(1, len(filters), 1, bias=bias)
    layer.weight.data = torch.tensor(filters).reshape(-1, 1, 1, 1)
    return layer


def normed(*scales: float) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(len(scales))
    norm.weight.data = torch.tensor(scales)
    return norm


def unit(*scores: float) -> list[float]:
    """Scores divided by their L2 norm."""
    return [score / math.hypot(*scores) for score in scores]


def channel_scores(net: nn.Module, criterion: str) -> dict[str, np.ndarray]:
    return dense_model(net, (1, 2, 2)).scores(Plan(criterion=criterion))


def test_channels_count_by_the_share_of_their_squared_norms() -> None:
    # Norms 1, 2, 2 divided by their mean keep their ratios: squares 1 : 4 : 4.
    net = nn.Sequential(one_by_one(1.0, -2, 2), conv(3, 2), nn.Flatten()).eval()
    assert channel_scores(net, "lamp")["0"] == pytest.approx([1 / 9, 4 / 8, 1])


def test_a_channel_counts_by_the_scale_of_its_batch_norm() -> None:
    net = nn.Sequential(one_by_one(9.0, 1, 5), normed(0.5, -3, 2), conv(3, 2), nn.Flatten())
    assert channel_scores(net.eval(), "bn_scale")["0"] == pytest.approx(unit(0.5, 3, 2))


def test_of_several_batch_norms_the_mean_scale_counts() -> None:
    net = Network(
        lambda m, x: m.head(pooled(m.norm1(m.first(x)) + m.norm2(m.second(x)))),
        first=one_by_one(1.0, 1),
        norm1=normed(1.0, 4),
        second=one_by_one(1.0, 1),
        norm2=normed(3.0, 0),
        head=nn.Linear(2, 3),
    )
    assert channel_scores(net.eval(), "bn_scale")["first"] == pytest.approx(unit(2, 2))


def test_channels_without_a_batch_norm_compete_at_the_mean_scale_of_the_others() -> None:
    # Filters 1 and 3 average 2, the scales 3 and 4 of the only batch norm, over 5, average 0.7:
    # 0.5 * 0.7 and 1.5 * 0.7.
    net = nn.Sequential(one_by_one(1.0, 3), one_by_two(), normed(3.0, 4), conv(2, 2), nn.Flatten())
    scores = channel_scores(net.eval(), "bn_scale")
    assert scores["0"] == pytest.approx([0.35, 1.05])
    assert scores["1"] == pytest.approx([0.6, 0.8])


def one_by_two() -> nn.Conv2d:
    return nn.Conv2d(2, 2, 1)


def test_a_model_without_batch_norms_has_no_scales_to_rank_by() -> None:
    dense = dense_model(nn.Sequential(conv(1, 4), conv(4, 2), nn.Flatten()).eval(), (1, 2, 2))
    message = "'bn_scale' needs a batch norm .* on at least 1 group .*, and this model has 0"
    with pytest.raises(CriterionError, match=message):
        dense.check(Plan(criterion="bn_scale"))
    with pytest.raises(CriterionError, match="Use another criterion, such as 'l2'"):
        dense.prune(Plan(criterion="bn_scale", ratio=0.5))


@pytest.mark.parametrize("name", ["l1", "l2", "lamp", "random"])
def test_scores_of_weights_are_float32_without_gradient(name: str) -> None:
    weight = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    scored = weight_scores(name, weight)
    assert (scored.dtype, scored.requires_grad, scored.shape) == (torch.float32, False, (2, 3))


@pytest.mark.parametrize("name", ["l1", "l2", "fpgm"])
def test_scores_of_filters_are_float32_without_gradient(name: str) -> None:
    criterion = criterion_named(name)
    assert isinstance(criterion, FilterCriterion)
    scored = criterion.channel_importance(torch.ones(2, 3, 1, requires_grad=True))
    assert (scored.dtype, scored.requires_grad, scored.shape) == (torch.float32, False, (2,))


@pytest.mark.parametrize("name", ["l1", "l2", "fpgm"])
def test_a_bias_has_no_filters_to_score(name: str) -> None:
    with pytest.raises(CriterionError, match=r"at least 2 dimensions .*, got shape \(5,\)"):
        filter_scores(name, torch.ones(5))


def test_random_scores_are_drawn_in_the_numbering_of_the_dense_model() -> None:
    weight = torch.ones(2, 2)
    whole, gone = np.ones(4, bool), np.array([True, False, True, True, False, True])
    criterion = criterion_named("random")
    four = criterion.weight_scores(LayerWeight("a", "a.weight", weight, whole, 3), NOTHING)
    six = criterion.weight_scores(LayerWeight("a", "a.weight", weight, gone, 3), NOTHING)
    dense = torch.zeros(6)
    dense[torch.from_numpy(gone)] = six.flatten()
    assert torch.equal(four.flatten()[[0, 2, 3]], dense[[0, 2, 3]])
