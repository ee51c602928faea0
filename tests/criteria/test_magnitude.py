import pytest
import torch

from workbench.criteria import criterion_named
from workbench.errors import CriterionError

WEIGHT = torch.tensor([[[3.0, -4.0]], [[0.0, 1.0]]])  # (C_out, C_in, kernel) = (2, 1, 2)
UNUSED = torch.Generator()


@pytest.mark.parametrize(("name", "channels"), [("l1", [7.0, 1.0]), ("l2", [5.0, 1.0])])
def test_a_filter_counts_by_its_norm(name: str, channels: list[float]) -> None:
    assert criterion_named(name).channel_importance(WEIGHT, UNUSED).tolist() == channels


@pytest.mark.parametrize(
    ("name", "weights"), [("l1", [[[3, 4]], [[0, 1]]]), ("l2", [[[9, 16]], [[0, 1]]])]
)
def test_a_weight_counts_by_its_magnitude(name: str, weights: list[object]) -> None:
    assert criterion_named(name).weight_importance(WEIGHT, UNUSED).tolist() == weights


@pytest.mark.parametrize("name", ["l1", "l2", "random"])
def test_scores_are_float32_without_gradient(name: str) -> None:
    weight = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    criterion = criterion_named(name)
    for scored in (
        criterion.weight_importance(weight, UNUSED),
        criterion.channel_importance(weight, UNUSED),
    ):
        assert (scored.dtype, scored.requires_grad) == (torch.float32, False)


@pytest.mark.parametrize("name", ["l1", "l2", "random"])
def test_a_bias_has_no_filters_to_score(name: str) -> None:
    with pytest.raises(CriterionError, match=r"at least 2 dimensions .*, got shape \(5,\)"):
        criterion_named(name).channel_importance(torch.ones(5), UNUSED)
