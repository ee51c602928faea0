import copy
import dataclasses
import json
import math
import pickle
import random
import re
from typing import Any

import numpy as np
import pytest

from workbench import Plan
from workbench.errors import PlanError

NOT_RATIOS = [1.2, 1, -0.1, math.nan, math.inf, True, False, "0.5", None, 10**400]


@pytest.mark.parametrize("ratio", NOT_RATIOS)
def test_a_ratio_outside_the_range_is_refused_by_unit_bound_and_value(ratio: Any) -> None:
    message = f"ratio of unit 'conv1' must be in [0, 1), got {ratio!r}. To leave a layer alone"
    with pytest.raises(PlanError, match=re.escape(message)) as caught:
        Plan().with_ratio("conv1", ratio)
    assert "plan.lock('conv1')" in str(caught.value)


@pytest.mark.parametrize("ratio", NOT_RATIOS)
def test_the_ratio_for_all_units_has_the_same_bounds(ratio: Any) -> None:
    message = f"ratio of the plan must be in [0, 1), got {ratio!r}. To remove nothing use 0."
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan().with_ratios(ratio)


@pytest.mark.parametrize("ratio", [0, 0.5, np.float32(0.5), np.float64(0.25), np.int64(0)])
def test_ratios_may_be_any_real_numbers(ratio: float) -> None:
    plan = Plan(ratio=ratio).with_ratio("conv1", ratio)
    assert type(plan.ratio) is float and type(plan.ratios["conv1"]) is float
    assert plan.ratio == plan.ratios["conv1"] == ratio


def test_an_unknown_setting_is_refused_with_the_settings_there_are() -> None:
    with pytest.raises(PlanError, match=r"no setting 'ratoi'; it has criterion, .*, seed\."):
        Plan().with_(ratoi=0.5)


@pytest.mark.parametrize(
    ("setting", "choices"), [("granularity", "channel, weight, n:m"), ("scope", "local, global")]
)
def test_an_unknown_choice_is_refused_with_the_choices(setting: str, choices: str) -> None:
    message = f"{setting} of a plan must be one of {choices}; got 'filter'."
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(**{setting: "filter"})


@pytest.mark.parametrize("count", [0, -8, 1.5, True, "8"])
def test_rounding_needs_a_whole_number_of_at_least_one(count: Any) -> None:
    message = f"round_to of the plan must be a whole number of at least 1, got {count!r}."
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(round_to=count)


@pytest.mark.parametrize("seed", [0.5, True, "0", None])
def test_a_seed_needs_a_whole_number(seed: Any) -> None:
    message = f"seed of the plan must be a whole number, got {seed!r}."
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(seed=seed)


@pytest.mark.parametrize("ratios", [[0.5], "conv1", 0.5, None])
def test_ratios_of_units_come_by_name(ratios: Any) -> None:
    message = f"ratios of a plan must be given by unit name, got {ratios!r}."
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(ratios=ratios)


@pytest.mark.parametrize("locks", ["conv1", [1], None, 7])
def test_locks_are_a_collection_of_names(locks: Any) -> None:
    with pytest.raises(
        PlanError, match=re.escape(f"locks of a plan must hold unit names, got {locks!r}")
    ):
        Plan(locks=locks)


def some_plan(draw: random.Random) -> Plan:
    names = ["conv1", "layer1.0.conv2", "<img src=x onerror=alert(1)>", "größe", ""]
    granularity = draw.choice(["channel", "weight", "n:m"])
    return Plan(
        granularity=granularity,
        criterion=draw.choice(["l1", "l2", "random"]),
        scope="local" if granularity == "n:m" else draw.choice(["local", "global"]),
        ratio=draw.random(),
        ratios={name: draw.random() for name in draw.sample(names, draw.randrange(6))},
        min_ratio=draw.random() / 2,
        max_ratio=draw.choice([1, 0.5 + draw.random() / 2]),
        min_ratios={name: draw.random() / 2 for name in draw.sample(names, draw.randrange(6))},
        max_ratios={name: 1 - draw.random() / 2 for name in draw.sample(names, draw.randrange(6))},
        locks=frozenset(draw.sample(names, draw.randrange(6))),
        pattern=draw.choice(["2:4", "1:16"]),
        round_to=draw.choice([1, 8, 16]),
        seed=draw.randrange(2**63),
    )


def test_a_plan_survives_json_pickle_and_copies() -> None:
    draw = random.Random(0)
    for _ in range(200):
        plan = some_plan(draw)
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
        assert pickle.loads(pickle.dumps(plan)) == plan
        assert copy.deepcopy(plan) == plan
        assert hash(copy.copy(plan)) == hash(plan)


def test_settings_that_json_leaves_out_have_their_defaults() -> None:
    assert Plan.from_json({"ratio": 0.5}) == Plan(ratio=0.5)


def test_json_from_before_patterns_and_bounds_still_reads() -> None:
    old = {
        "granularity": "weight",
        "criterion": "l2",
        "scope": "global",
        "ratio": 0.5,
        "ratios": {"conv1": 0.25},
        "locks": ["conv2"],
        "round_to": 8,
        "seed": 3,
    }
    plan = Plan.from_json(old)
    assert old.items() <= plan.to_json().items()
    assert (plan.pattern, plan.bounds_of("conv1")) == ("2:4", (0, 1))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([0.5], "a plan's JSON must be an object of settings, got [0.5]."),
        ({"ratio": 1.2}, "ratio of the plan must be in [0, 1), got 1.2."),
        ({"colour": "red"}, "a plan has no setting 'colour'"),
        ({"locks": None}, "locks of a plan must hold unit names, got None."),
        ({"ratios": None}, "ratios of a plan must be given by unit name, got None."),
        ({"min_ratios": [1]}, "min_ratios of a plan must be given by unit name, got [1]."),
        ({"max_ratios": {"a": 2}}, "max_ratio of unit 'a' must be in [0, 1], got 2."),
        ({"pattern": "4:2"}, "with 1 <= n < m, got '4:2'."),
    ],
)
def test_json_of_no_plan_is_refused(data: Any, message: str) -> None:
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan.from_json(data)


def test_one_ratio_for_all_leaves_locked_units_their_own() -> None:
    plan = Plan(ratios={"a": 0.1, "b": 0.2}).lock("a").with_ratios(0.5)
    assert (plan.ratio, dict(plan.ratios)) == (0.5, {"a": 0.1})
    assert (plan.ratio_of("a"), plan.ratio_of("b")) == (0, 0.5)
    assert plan.unlock("a").ratio_of("a") == 0.1


def test_ratios_by_name_are_added_to_those_there_are() -> None:
    plan = Plan(ratio=0.3, ratios={"a": 0.1}).with_ratios({"b": 0.2})
    assert [plan.ratio_of(unit) for unit in "abc"] == [0.1, 0.2, 0.3]


def test_a_unit_without_its_own_ratio_follows_the_plan_again() -> None:
    plan = Plan(ratio=0.3, ratios={"a": 0.1, "b": 0.2}).without_ratio("a")
    assert (plan.ratio_of("a"), dict(plan.ratios)) == (0.3, {"b": 0.2})


def test_another_granularity_starts_without_ratios_and_locks_of_its_own() -> None:
    plan = Plan(ratio=0.3, ratios={"a": 0.1}, locks=frozenset("b")).with_(granularity="weight")
    assert (plan.ratio, dict(plan.ratios), plan.locks) == (0.3, {}, frozenset())


def test_another_granularity_may_come_with_new_ratios() -> None:
    plan = Plan(ratios={"a": 0.1}).with_(granularity="weight", ratios={"b": 0.2})
    assert dict(plan.ratios) == {"b": 0.2}


def test_the_same_granularity_keeps_ratios_and_locks() -> None:
    plan = Plan(ratios={"a": 0.1}, locks=frozenset("b"))
    assert plan.with_(granularity="channel") == plan


def test_a_plan_cannot_be_changed() -> None:
    given = {"a": 0.1}
    plan = Plan(ratios=given)
    given["a"] = 0.9
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.ratio = 0.5  # type: ignore[misc]
    with pytest.raises(TypeError, match="item assignment"):
        plan.ratios["a"] = 0.5  # type: ignore[index]
    plan.with_ratio("a", 0.7).with_ratios(0.5).lock("a").with_(round_to=8)
    assert plan == Plan(ratios={"a": 0.1})


def test_a_plan_names_the_units_it_has_ratios_and_locks_for() -> None:
    assert Plan(ratios={"a": 0.1}).lock("b", "c").named_units == {"a", "b", "c"}


@pytest.mark.parametrize("floor", NOT_RATIOS)
def test_a_floor_has_the_bounds_of_a_ratio(floor: Any) -> None:
    with pytest.raises(
        PlanError, match=re.escape(f"min_ratio of the plan must be in [0, 1), got {floor!r}.")
    ):
        Plan(min_ratio=floor)
    if floor is not None:
        with pytest.raises(
            PlanError, match=re.escape(f"min_ratio of unit 'a' must be in [0, 1), got {floor!r}.")
        ):
            Plan().with_bounds("a", min_ratio=floor)


@pytest.mark.parametrize("cap", [1.2, -0.1, math.nan, True, "0.5"])
def test_a_cap_may_be_one_but_no_more(cap: Any) -> None:
    assert Plan(max_ratio=1).with_bounds("a", max_ratio=1).bounds_of("a") == (0, 1)
    with pytest.raises(
        PlanError, match=re.escape(f"max_ratio of the plan must be in [0, 1], got {cap!r}. To")
    ):
        Plan(max_ratio=cap)
    with pytest.raises(
        PlanError, match=re.escape(f"max_ratio of unit 'a' must be in [0, 1], got {cap!r}. To")
    ):
        Plan().with_bounds("a", max_ratio=cap)


def test_a_floor_above_the_cap_is_refused_with_both() -> None:
    with pytest.raises(
        PlanError, match=r"min_ratio of the plan must be at most its max_ratio of 0\.2, got 0\.5\."
    ):
        Plan(min_ratio=0.5, max_ratio=0.2)
    with pytest.raises(
        PlanError, match=r"min_ratio of unit 'a' must be at most its max_ratio of 0\.2, got 0\.5\."
    ):
        Plan(max_ratio=0.2).with_bounds("a", min_ratio=0.5)
    with pytest.raises(
        PlanError, match=r"min_ratio of unit 'a' must be at most its max_ratio of 0\.1, got 0\.3\."
    ):
        Plan(min_ratio=0.3).with_bounds("a", max_ratio=0.1)


def test_a_units_own_bounds_take_the_place_of_the_plans() -> None:
    plan = Plan(min_ratio=0.1, max_ratio=0.6).with_bounds("a", max_ratio=0.9)
    plan = plan.with_bounds("a", min_ratio=0.7).with_bounds("b", min_ratio=0)
    assert [plan.bounds_of(unit) for unit in "abc"] == [(0.7, 0.9), (0, 0.6), (0.1, 0.6)]
    assert plan.without_bounds("a").bounds_of("a") == (0.1, 0.6)
    assert plan.named_units == {"a", "b"}


def test_another_granularity_keeps_only_the_plans_own_bounds() -> None:
    plan = Plan(max_ratio=0.9).with_bounds("a", max_ratio=0.5).with_(granularity="weight")
    assert (plan.bounds_of("a"), plan.named_units) == ((0, 0.9), frozenset())


def test_n_to_m_has_no_global_scope() -> None:
    message = "scope of a plan must be 'local' for granularity 'n:m', got 'global'"
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan(granularity="n:m", scope="global")
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan().with_(granularity="n:m", scope="global")
    assert Plan(scope="global").with_(granularity="n:m").scope == "local"


def test_a_plan_says_what_it_removes() -> None:
    plans = Plan(), Plan(granularity="weight"), Plan(granularity="n:m", pattern="1:4")
    assert [plan.removes for plan in plans] == ["channels", "weights", "1:4 weights"]
