"""Channels picked by hand outrank the criterion; locks, counts and rounding still hold."""

import json
import pickle
import random
import re
from typing import Any

import numpy as np
import pytest
import torch
from choosing import chosen, places, result
from networks import TRAPS, Trap
from scanning import Case, network_case
from toys import dense_model, toy_net

from workbench import Plan
from workbench.allocation.problem import levels_of, problem_of
from workbench.errors import PlanError, UnknownUnitError
from workbench.predict import Predictor
from workbench.pruned import PrunedModel
from workbench.sensitivity import scan
from workbench.units import Unit

EIGHT = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_picking_again_moves_a_channel_to_the_other_side() -> None:
    plan = Plan().remove("a", [3, 1]).keep("a", 3)
    assert plan.picks_of("a") == ((1,), (3,))
    assert plan.remove("a", 3).picks_of("a") == ((1, 3), ())


def test_releasing_forgets_some_picks_or_all_of_a_unit() -> None:
    plan = Plan().remove("a", [1, 2]).keep("a", [3]).keep("b", [0])
    assert plan.release("a", [2, 3]) == Plan().remove("a", 1).keep("b", 0)
    assert plan.release("a") == Plan().keep("b", 0)
    assert plan.release("b").release("a") == Plan()


def test_picks_of_any_order_and_kind_of_whole_number_are_one_plan() -> None:
    plan = Plan(removed_channels={"b": [np.int64(7), 2, 2], "a": []})
    assert plan == Plan().remove("b", [2, 7])
    assert plan.named_units == {"b"}
    assert plan in {Plan().remove("b", [2, 7])}


def test_picks_survive_json_and_pickle() -> None:
    plan = Plan(ratio=0.5).remove("a", [1, 2]).keep("b", [0])
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_plans_written_before_there_were_picks_still_open() -> None:
    old = {k: v for k, v in Plan(ratio=0.5).to_json().items() if "channels" not in k}
    assert Plan.from_json(old) == Plan(ratio=0.5)


@pytest.mark.parametrize("channel", [-1, 1.5, True, "3", None])
def test_a_channel_must_be_a_whole_number(channel: Any) -> None:
    message = (
        f"a channel of unit 'a' must be a whole number of at least 0, got {channel!r}. Channels"
    )
    with pytest.raises(PlanError, match=re.escape(message)):
        Plan().remove("a", [channel])


@pytest.mark.parametrize("channels", ["12", None, 0.5])
def test_channels_come_as_a_list(channels: Any) -> None:
    with pytest.raises(
        PlanError, match=re.escape(f"must be a list of their numbers, got {channels!r}")
    ):
        Plan().keep("a", channels)


def test_a_plan_made_at_once_cannot_keep_and_remove_a_channel() -> None:
    with pytest.raises(
        PlanError, match=r"channel 2 of unit 'a' must be kept or removed .*, got both"
    ):
        Plan(removed_channels={"a": [1, 2]}, kept_channels={"a": [2]})


def test_only_channels_can_be_picked_and_another_granularity_forgets_them() -> None:
    with pytest.raises(PlanError, match=r"must be 'channel' to keep .*, got 'weight'.*unit 'a'"):
        Plan(granularity="weight").remove("a", [1])
    picked = Plan().remove("a", [1]).keep("b", [1])
    assert picked.with_(granularity="weight") == Plan(granularity="weight")
    assert picked.with_(criterion="l2").picks_of("a") == ((1,), ())


@pytest.mark.parametrize("pick", [Plan().keep, Plan().remove])
def test_a_channel_beyond_the_last_is_refused_where_the_model_is_known(
    pick: Any, dense: PrunedModel
) -> None:
    dense.check(pick("conv1", 3))
    message = r"a channel of unit 'conv1' must be in \[0, 3\], got 4\..*plan\.release\('conv1', 4\)"
    with pytest.raises(PlanError, match=message):
        dense.check(pick("conv1", 4))
    with pytest.raises(PlanError, match=message):
        dense.prune(pick("conv1", 4))


def test_picks_of_an_unknown_unit_and_of_one_that_cannot_be_pruned_are_refused(
    dense: PrunedModel,
) -> None:
    with pytest.raises(UnknownUnitError, match="no channel unit 'conv9'"):
        dense.check(Plan().keep("conv9", 0))
    with pytest.raises(
        PlanError, match="no channel of unit 'classifier' can be removed by hand, got 1"
    ):
        dense.check(Plan().remove("classifier", 1))


def test_removed_by_hand_go_first_and_kept_by_hand_last() -> None:
    plan = Plan(ratio=0.5).remove("a", [7]).keep("a", [0])
    selection = chosen({"a": EIGHT}, plan)
    assert places(selection, "a") == [0, 4, 5, 6]
    assert result(selection, "a").reason == ""


def test_the_ratio_gives_way_to_picks_and_says_so() -> None:
    more = result(chosen({"a": EIGHT}, Plan().remove("a", [1, 2])), "a")
    assert (more.kept, more.reason) == (6, "2 removed by hand")
    fewer = chosen({"a": EIGHT}, Plan(ratio=0.75).keep("a", [0, 1, 2]))
    assert places(fewer, "a") == [0, 1, 2]
    assert result(fewer, "a").reason == "3 kept by hand"


def test_a_unit_is_not_emptied_by_hand() -> None:
    selection = chosen({"a": [1.0, 3.0, 2.0]}, Plan().remove("a", [0, 1, 2]))
    assert places(selection, "a") == [1]
    assert result(selection, "a").reason == "1 of 3 removed by hand stay: at least one is kept"


def test_a_lock_outranks_picks() -> None:
    selection = chosen({"a": EIGHT}, Plan(ratio=0.5).remove("a", [1, 2]).lock("a"))
    assert places(selection, "a") == list(range(8))
    assert result(selection, "a").reason == "locked: 2 removed by hand stay"


def test_counts_stay_multiples_around_picks() -> None:
    selection = chosen({"a": EIGHT}, Plan(round_to=4).remove("a", [7]))
    assert places(selection, "a") == [3, 4, 5, 6]
    assert result(selection, "a").reason == "1 removed by hand, rounded to a multiple of 4"
    torn = chosen({"a": EIGHT}, Plan(round_to=4).remove("a", [7]).keep("a", range(6)))
    assert places(torn, "a") == list(range(8))
    assert result(torn, "a").reason == "1 of 1 removed by hand stay: rounded to a multiple of 4"


def test_a_cap_outranks_what_is_removed_by_hand() -> None:
    selection = chosen({"a": EIGHT}, Plan(max_ratio=0.25).remove("a", [5, 6, 7]))
    assert places(selection, "a") == [0, 1, 2, 3, 4, 7]
    assert "1 of 3 removed by hand stay: at most 25 %" in result(selection, "a").reason


def test_what_is_gone_is_simply_gone() -> None:
    plan = Plan(ratio=0.25).remove("a", [0, 7]).keep("a", [1, 2])
    selection = chosen({"a": EIGHT}, plan, gone={"a": [0, 1, 3]})
    assert places(selection, "a") == [2, 4, 5, 6]
    found = result(selection, "a")
    assert (found.kept, found.reason) == (4, "already pruned further, 1 removed by hand")


def test_under_global_scope_picks_count_in_the_total() -> None:
    scores = {"a": EIGHT, "b": [value + 100 for value in EIGHT]}
    plan = Plan(ratio=0.5, scope="global").remove("b", [7]).keep("a", [0])
    selection = chosen(scores, plan)
    assert places(selection, "a") == [0]
    assert places(selection, "b") == [0, 1, 2, 3, 4, 5, 6]
    only = chosen(scores, Plan(scope="global").remove("b", [0, 7]))
    assert places(only, "a") == list(range(8)) and places(only, "b") == [1, 2, 3, 4, 5, 6]
    assert result(only, "b").reason.startswith("2 removed by hand; all units together lose 12.5 %")


@pytest.mark.parametrize("scope", ["local", "global"])
def test_predictions_are_what_pruning_with_picks_gives_step_after_step(scope: str) -> None:
    draw = random.Random(scope)
    dense = current = dense_model(toy_net(), (1, 4, 4))
    for number in range(60):
        plan = Plan(
            scope=scope,
            ratio=draw.random() * 0.9,
            criterion=draw.choice(["l1", "random"]),
            round_to=draw.choice([1, 2]),
            max_ratio=draw.choice([1, 0.5]),
            min_ratio=draw.choice([0, 0.3]),
            seed=number,
        )
        for unit, size in (("conv1", 4), ("conv2", 6)):
            numbers = draw.sample(range(size), draw.randint(0, size))
            cut = draw.randint(0, len(numbers))
            plan = plan.remove(unit, numbers[:cut]).keep(unit, numbers[cut:])
        found = Predictor(current).predict(plan, current.scores(plan))
        pruned, results = current.prune(plan)
        assert found.kept == {r.unit: r.kept for r in results}
        assert found.reasons == {r.unit: r.reason for r in results if r.reason}
        assert found.parameters == sum(p.numel() for p in pruned.module.parameters())
        for unit, before in current.alive("channel").items():
            after, (removed, kept) = pruned.alive("channel")[unit], plan.picks_of(unit)
            assert not (after & ~before).any()
            assert after[list(kept)].tolist() == before[list(kept)].tolist()
            if after[list(removed)].any():
                count = int(before[list(removed)].sum())
                assert f"of {count} removed by hand stay" in found.reasons[unit]
        current = pruned if number % 4 else dense


@pytest.fixture
def residual() -> Case:
    return network_case("residual")


def test_a_scan_prunes_what_pruning_with_the_units_own_picks_prunes(residual: Case) -> None:
    model, data = residual
    units = [unit for unit in model.anatomy.units("channel") if unit.prunable]
    plan = Plan()
    for unit in units:
        best = int(model.scores(plan)[unit.name].argmax())
        plan = plan.remove(unit.name, best)
    for point in scan(model, data, plan, ratios=(0.25, 0.5)).points:
        alone = Plan().remove(point.unit, plan.picks_of(point.unit)[0])
        pruned, results = model.prune(alone.with_ratio(point.unit, point.ratio))
        assert point.kept == next(r.kept for r in results if r.unit == point.unit)
        inputs, labels = next(data.probe.batches(1000))
        right = (pruned.module(inputs).argmax(1) == labels).float().mean()
        assert point.accuracy == pytest.approx(float(right), abs=1e-6)


def test_allocators_choose_among_counts_that_picks_allow() -> None:
    unit = Unit("conv2", "channel", ("conv2",), 6)
    dense = dense_model(toy_net(), (1, 4, 4))
    plan = Plan().remove("conv2", [0, 5]).keep("conv2", [1, 2, 3])
    problem = problem_of(dense, plan, dense.scores(plan))
    of = {own.name: place for place, own in enumerate(problem.units)}
    assert problem.levels[of["conv2"]].tolist() == [4, 3]
    assert np.isposinf(problem.ranks[of["conv2"]]).sum() == 3
    assert levels_of(unit, Plan(), 6).tolist() == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_picks_hold_in_grouped_shared_and_coupled_layers(trap: Trap) -> None:
    dense = dense_model(trap.make().eval(), trap.shape)
    plan = Plan(ratio=0.5)
    for unit in dense.anatomy.units("channel"):
        if unit.prunable and unit.size > 1:
            worst, best = dense.scores(plan)[unit.name].argsort()[[0, -1]].tolist()
            plan = plan.remove(unit.name, best).keep(unit.name, worst)
    pruned, _ = dense.prune(plan)
    for unit in dense.anatomy.units("channel"):
        removed, kept = plan.picks_of(unit.name)
        flags = pruned.alive("channel")[unit.name]
        assert not flags[list(removed)].any() and flags[list(kept)].all()
    found = Predictor(dense).predict(plan)
    assert found.parameters == sum(p.numel() for p in pruned.module.parameters())
    example = torch.zeros(1, *trap.shape, dtype=next(dense.module.parameters()).dtype)
    pruned.module(example)
