import pytest

from workbench.errors import PlanError
from workbench.schedules import RATIO_SCHEDULES, cubic, geometric, linear, round_ratios

TO_HALF = {"begin": 2, "end": 6, "initial": 0.1, "final": 0.5}


@pytest.mark.parametrize("name", RATIO_SCHEDULES)
def test_ratios_rise_from_the_first_to_the_last(name: str) -> None:
    schedule = RATIO_SCHEDULES[name]
    found = [schedule(position=position / 4, **TO_HALF) for position in range(32)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.1) and found[24:] == pytest.approx([0.5] * 8)


def test_each_rises_by_its_formula() -> None:
    half_way = {"position": 4, **TO_HALF}
    assert linear(**half_way) == pytest.approx(0.3)
    assert cubic(**half_way) == pytest.approx(0.5 - 0.4 * 0.5**3)
    assert geometric(**half_way) == pytest.approx(1 - (0.9 * 0.5) ** 0.5)
    assert RATIO_SCHEDULES["constant"](position=1.9, **TO_HALF) == 0.1
    assert RATIO_SCHEDULES["constant"](position=2, **TO_HALF) == 0.5


def test_every_round_removes_the_same_share_of_what_is_left() -> None:
    found = round_ratios(rounds=3, final=0.488)
    assert found == pytest.approx((0.2, 0.36, 0.488)) and found[-1] == 0.488


def test_rounds_go_on_from_what_is_gone_and_may_rise_otherwise() -> None:
    assert round_ratios(rounds=2, initial=0.2, final=0.6, schedule=linear) == pytest.approx(
        (0.4, 0.6)
    )
    assert round_ratios(rounds=1, final=0.9) == (0.9,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rounds": 0, "final": 0.5}, r"rounds must be at least 1, got 0\."),
        ({"rounds": 2, "final": 1.0}, r"must rise within \[0, 1\), got 0\.0 to 1\.0\."),
        ({"rounds": 2, "final": 0.3, "initial": 0.4}, r"within \[0, 1\), got 0\.4 to 0\.3\."),
    ],
)
def test_rounds_that_lead_nowhere_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        round_ratios(**settings)  # type: ignore[arg-type]
