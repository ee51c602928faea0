import subprocess
import sys
from typing import Any

import pytest

from workbench.actions.source import Call, Name, assigned, call, literal

LONG = [f"block{number}.conv{number}" for number in range(8)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        1e-7,
        "plain",
        "with \"both\" 'kinds' of quotes",
        "back\\slash",
        "new\nline",
        "ümlaut – 層",
        "\u2028 and \x00",
        (),
        (1,),
        (1, 2),
        [],
        ["a", ["b"]],
        {},
        {"conv1": 0.5, "conv2": (1, 2)},
        LONG,
        {name: tuple(range(40)) for name in LONG},
    ],
    ids=repr,
)
def test_a_literal_is_read_back_as_the_value(value: Any) -> None:
    assert eval(literal(value)) == value


def test_text_has_double_quotes_unless_that_needs_escapes() -> None:
    assert literal("conv1") == '"conv1"'


def test_a_name_stands_for_itself() -> None:
    assert call("Session", Name("model"), "digits", seed=3) == 'Session(model, "digits", seed=3)'


def test_what_fits_in_a_line_stays_in_one() -> None:
    chain = [Call("session.plan.with_ratios", (0.5,)), Call(".lock", ("conv1",))]
    assert assigned("session.plan", chain) == (
        'session.plan = session.plan.with_ratios(0.5).lock("conv1")'
    )


def test_a_long_chain_has_a_call_to_a_line() -> None:
    chain = [
        Call("Plan", (), (("criterion", "l2"), ("round_to", 8))),
        Call(".lock", tuple(LONG[:3])),
        Call(".remove", ("conv1", [1, 2])),
    ]
    assert assigned("session.plan", chain) == (
        "session.plan = (\n"
        '    Plan(criterion="l2", round_to=8)\n'
        '    .lock("block0.conv0", "block1.conv1", "block2.conv2")\n'
        '    .remove("conv1", [1, 2])\n'
        ")"
    )


def test_a_long_call_has_an_argument_to_a_line() -> None:
    assert call("f", "x" * 60, second="y" * 30) == (
        f'f(\n    "{"x" * 60}",\n    second="{"y" * 30}",\n)'
    )


def test_the_layout_is_that_of_a_formatter() -> None:
    ratios = dict.fromkeys(LONG, 0.25)
    lines = [
        assigned("session.plan", [Call("session.plan.with_ratios", (ratios,))]),
        assigned("session.plan", [Call("Plan"), Call(".lock", tuple(LONG)), Call(".lock", ("a",))]),
        assigned(
            "session.plan", [Call("Plan"), Call(".with_ratios", (ratios,)), Call(".lock", ("a",))]
        ),
        f"session.targets = {literal(dict.fromkeys(LONG, 1), start=18)}",
        assigned("session", [Call("Session", (Name("model"), LONG), (("seed", 3),))]),
    ]
    source = "\n".join(lines) + "\n"
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=88", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    )
    assert formatted.stdout == source
