import re

import pytest
import torch
from networks import Network
from torch import nn
from toys import dense_model

from workbench import Plan
from workbench.errors import PlanError, UnknownUnitError
from workbench.layers import list_layers
from workbench.plan import GRANULARITIES
from workbench.pruned import PrunedModel
from workbench.units import Unit, check_units, weight_units

UNITS = (
    Unit("stem", "channel", ("stem", "block.conv2"), 8),
    Unit("block.conv1", "channel", ("block.conv1",), 8),
    Unit("head", "channel", ("head",), 3, False, "these are the model outputs"),
)


def test_channel_units_are_the_groups_with_their_reasons(dense: PrunedModel) -> None:
    assert dense.anatomy.units("channel") == (
        Unit("conv1", "channel", ("conv1",), 4),
        Unit("conv2", "channel", ("conv2",), 6),
        Unit("classifier", "channel", ("classifier",), 3, False, "these are the model outputs"),
    )


def test_weight_units_are_the_layers_without_biases_and_norms(dense: PrunedModel) -> None:
    found = {unit.name: unit.size for unit in dense.anatomy.units("weight")}
    assert found == {"conv1": 36, "conv2": 216, "classifier": 18}


def test_the_model_itself_may_be_the_only_layer() -> None:
    dense = dense_model(nn.Linear(4, 3), (4,))
    assert dense.anatomy.units("weight") == (Unit("", "weight", ("",), 12),)
    pruned, _ = dense.prune(Plan(granularity="weight", ratio=0.5))
    assert int(pruned.module.weight.count_nonzero()) == 6  # type: ignore[operator, union-attr]


def test_a_subclass_of_a_layer_is_pruned_like_its_parent() -> None:
    class Scaled(nn.Linear):
        pass

    (layer, _) = list_layers(nn.Sequential(Scaled(4, 3), nn.Linear(3, 2)), torch.zeros(1, 4))
    assert [unit.name for unit in weight_units([layer])] == ["0"]


def test_a_layer_whose_weight_is_computed_says_so() -> None:
    computed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3, bias=False))
    dense = dense_model(nn.Sequential(computed, nn.Linear(3, 2)).eval(), (4,))
    first, second = dense.anatomy.units("weight")
    assert (first.prunable, second.prunable) == (False, True)
    assert first.reason == "its weight is computed from other parameters, not stored"
    pruned, results = dense.prune(Plan(granularity="weight", ratio=0.5))
    assert (results[0].kept, results[0].reason) == (12, first.reason)
    assert set(pruned.masks) == {"1"}


def test_of_layers_that_share_a_weight_the_first_is_the_unit() -> None:
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    net = Network(lambda m, x: m.second(m.first(x)), first=first, second=second)
    units = weight_units(list_layers(net, torch.zeros(1, 4)))
    assert [unit.prunable for unit in units] == [True, False]
    assert units[1].reason == "it shares the weight of 'first'"


def test_an_unknown_unit_is_answered_with_the_closest_ones() -> None:
    message = "the model has no channel unit 'block.conv'. Did you mean 'block.conv1'?"
    with pytest.raises(UnknownUnitError, match=re.escape(message)) as caught:
        check_units(Plan().with_ratio("block.conv", 0.5), UNITS)
    assert "session.units lists all 3." in str(caught.value)


def test_an_unknown_unit_is_refused_in_locks_too() -> None:
    with pytest.raises(UnknownUnitError, match="no channel unit 'zebra'"):
        check_units(Plan().lock("zebra"), UNITS)


def test_a_coupled_layer_is_answered_with_its_unit() -> None:
    with pytest.raises(UnknownUnitError, match=r"coupled to unit 'stem'\. Use 'stem'"):
        check_units(Plan().with_ratio("block.conv2", 0.5), UNITS)


def test_a_ratio_for_a_unit_that_cannot_be_pruned_is_refused_with_the_reason() -> None:
    message = (
        "ratio of unit 'head' must be 0, got 0.5: it is not prunable, because these are the "
        "model outputs."
    )
    with pytest.raises(PlanError, match=re.escape(message)):
        check_units(Plan().with_ratio("head", 0.5), UNITS)


def test_a_floor_for_a_unit_that_cannot_be_pruned_is_refused_and_a_cap_is_not() -> None:
    message = "min_ratio of unit 'head' must be 0, got 0.2: it is not prunable"
    with pytest.raises(PlanError, match=re.escape(message)):
        check_units(Plan().with_bounds("head", min_ratio=0.2), UNITS)
    check_units(Plan(ratio=0.5, min_ratio=0.1).with_bounds("head", max_ratio=0.2), UNITS)
    with pytest.raises(UnknownUnitError, match="no channel unit 'zebra'"):
        check_units(Plan().with_bounds("zebra", max_ratio=0.2), UNITS)


def test_zero_and_a_lock_are_allowed_for_a_unit_that_cannot_be_pruned() -> None:
    check_units(Plan(ratio=0.5).with_ratio("head", 0), UNITS)
    check_units(Plan(ratio=0.5).with_ratio("head", 0.5).lock("head"), UNITS)


def test_units_say_what_their_size_counts() -> None:
    counted = {
        granularity: Unit("a", granularity, ("a",), 4).counted for granularity in GRANULARITIES
    }
    assert counted == {"channel": "channels", "weight": "weights", "n:m": "weights"}
