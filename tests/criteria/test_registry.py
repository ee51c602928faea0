import re
from typing import Any

import pytest

from workbench import Plan
from workbench.criteria import CRITERIA, criteria_for, criterion_named
from workbench.errors import CriterionError
from workbench.pruned import PrunedModel

CHANNELS_ONLY = ("apoz", "bn_scale", "fluctuation", "fpgm", "taylor_activation")
DATA_DRIVEN = ("apoz", "fisher", "fluctuation", "obd", "taylor", "taylor_activation")


def test_every_criterion_is_found_by_its_name() -> None:
    assert set(CRITERIA) == {"l1", "l2", "lamp", "random", *CHANNELS_ONLY, *DATA_DRIVEN}
    for name, criterion in CRITERIA.items():
        assert criterion_named(name) is criterion
        assert criterion.name == name and criterion.title and criterion.reference


def test_criteria_say_whether_they_need_data() -> None:
    assert tuple(sorted(n for n, c in CRITERIA.items() if c.needs_data)) == DATA_DRIVEN


def test_a_granularity_lists_the_criteria_that_can_rank_it() -> None:
    assert criteria_for("channel") == tuple(CRITERIA.values())
    weights = {"fisher", "l1", "l2", "lamp", "obd", "random", "taylor"}
    assert {criterion.name for criterion in criteria_for("weight")} == weights
    assert criteria_for("n:m") == criteria_for("weight")


@pytest.mark.parametrize("name", CHANNELS_ONLY)
@pytest.mark.parametrize("granularity", ["weight", "n:m"])
def test_a_criterion_for_channels_refuses_single_weights(
    dense: PrunedModel, name: str, granularity: str
) -> None:
    plan = Plan(granularity=granularity, criterion=name)
    message = re.escape(
        f"the granularity that criterion {name!r} ranks must be 'channel', got {granularity!r}"
    )
    for refuse in (dense.anatomy.check, dense.check, dense.scores, dense.prune):
        with pytest.raises(CriterionError, match=message):
            refuse(plan)
    with pytest.raises(CriterionError, match="such as 'l1', or granularity='channel'"):
        dense.anatomy.check(plan)


def test_an_unknown_criterion_is_answered_with_those_there_are_and_the_closest() -> None:
    message = (
        "criterion must be one of apoz, bn_scale, fisher, fluctuation, fpgm, l1, l2, lamp, obd, "
        "random, taylor, taylor_activation; got 'randon'. Did you mean 'random'?"
    )
    with pytest.raises(CriterionError, match=re.escape(message)):
        criterion_named("randon")


@pytest.mark.parametrize("name", ["magnitude", None, ["l1"]])
def test_what_resembles_nothing_gets_no_suggestion(name: Any) -> None:
    with pytest.raises(CriterionError, match=rf"got {re.escape(repr(name))}\.$"):
        criterion_named(name)
