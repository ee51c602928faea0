import random

import pytest

from workbench.actions.plan_code import plan_code
from workbench.plan import Plan

UNITS = ("conv1", "block1.conv1", "block1.conv2", "classifier")


class Holder:
    """Stands in for a session: code assigns to its plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def carried_out(code: str, before: Plan) -> Plan:
    holder = Holder(before)
    exec(code, {"Plan": Plan, "session": holder})
    return holder.plan


def any_plan(draw: random.Random) -> Plan:
    """A plan with a bit of everything, but for what does not go together."""
    granularity = draw.choice(["channel", "channel", "weight", "n:m"])

    def some(values: list[float]) -> dict[str, float]:
        return {unit: draw.choice(values) for unit in draw.sample(UNITS, draw.randint(0, 3))}

    plan = Plan(
        granularity=granularity,
        criterion=draw.choice(["l1", "l2", "random"]),
        scope="local" if granularity == "n:m" else draw.choice(["local", "global"]),
        ratio=draw.choice([0.0, 0.25, 0.5]),
        ratios=some([0.1, 0.3, 0.7]),
        min_ratio=draw.choice([0.0, 0.1]),
        max_ratio=draw.choice([0.9, 1.0]),
        min_ratios=some([0.0, 0.05, 0.3]),
        max_ratios=some([0.5, 0.9]),
        locks=frozenset(draw.sample(UNITS, draw.randint(0, 2))),
        pattern=draw.choice(["2:4", "1:4"]),
        round_to=draw.choice([1, 8]),
        seed=draw.choice([0, 3]),
    )
    if granularity != "channel":
        return plan
    for unit in draw.sample(UNITS, draw.randint(0, 3)):
        plan = plan.remove(unit, draw.sample(range(8), draw.randint(1, 3)))
        plan = plan.keep(unit, draw.sample(range(8), draw.randint(1, 3)))
    return plan


@pytest.mark.parametrize("seed", range(60))
def test_the_code_of_any_plan_makes_that_plan_from_any_other(seed: int) -> None:
    draw = random.Random(seed)
    before, plan = any_plan(draw), any_plan(draw)
    assert carried_out(plan_code(plan), before) == plan
    assert carried_out(plan_code(plan, before), before) == plan


@pytest.mark.parametrize("seed", range(40))
def test_a_small_change_is_said_as_a_change(seed: int) -> None:
    draw = random.Random(seed)
    before = any_plan(draw)
    plan = before.lock("new.unit")
    code = plan_code(plan, before)
    assert code.startswith(("session.plan = session.plan.lock(", "session.plan = Plan()."))
    assert carried_out(code, before) == plan


@pytest.mark.parametrize(
    ("before", "plan", "code"),
    [
        (Plan(), Plan(ratio=0.5), "session.plan.with_ratios(0.5)"),
        (Plan(ratio=0.5), Plan(ratio=0.5, criterion="l2"), 'session.plan.with_(criterion="l2")'),
        (Plan(), Plan().with_ratio("conv1", 0.5), 'session.plan.with_ratio("conv1", 0.5)'),
        (
            Plan(),
            Plan().with_ratios({"conv1": 0.5, "conv2": 0.25}),
            'session.plan.with_ratios({"conv1": 0.5, "conv2": 0.25})',
        ),
        (Plan().with_ratio("conv1", 0.5), Plan(), "Plan()"),
        (Plan().lock("a"), Plan().lock("b"), 'session.plan.unlock("a").lock("b")'),
        (Plan(), Plan().remove("conv1", 3), 'session.plan.remove("conv1", 3)'),
        (
            Plan().remove("conv1", [3, 4]),
            Plan().keep("conv1", 3).remove("conv1", 4),
            'session.plan.keep("conv1", 3)',
        ),
        (Plan().with_ratios({"conv1": 0.5, "conv2": 0.2}).lock("conv2"), Plan(), "Plan()"),
        (
            Plan(),
            Plan(granularity="weight", ratio=0.9),
            'session.plan.with_(granularity="weight").with_ratios(0.9)',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "plan",
)
def test_code_is_what_a_person_would_write(before: Plan, plan: Plan, code: str) -> None:
    assert plan_code(plan, before) == f"session.plan = {code}"


def test_without_a_plan_before_it_the_whole_plan_is_said() -> None:
    plan = Plan(criterion="l2").with_ratio("conv1", 0.5).with_bounds("conv1", max_ratio=0.75)
    assert plan_code(plan) == (
        "session.plan = (\n"
        '    Plan(criterion="l2")\n'
        '    .with_ratio("conv1", 0.5)\n'
        '    .with_bounds("conv1", max_ratio=0.75)\n'
        ")"
    )
