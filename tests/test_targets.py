import math
import re
from typing import Any

import pytest

from workbench.errors import PlanError
from workbench.targets import BETTER, checked_targets, meets


def test_targets_are_a_copy_that_cannot_be_changed() -> None:
    given = {"accuracy": 0.9}
    targets = checked_targets(given)
    given["accuracy"] = 0.1
    assert dict(targets) == {"accuracy": 0.9}
    with pytest.raises(TypeError, match="item assignment"):
        targets["macs"] = 1  # type: ignore[index]


def test_an_unknown_metric_is_refused_with_those_there_are() -> None:
    message = f"a target's metric must be one of {', '.join(BETTER)}; got 'speed'."
    with pytest.raises(PlanError, match=re.escape(message)):
        checked_targets({"speed": 1})


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "5", None, True])
def test_a_target_must_be_a_finite_number(value: Any) -> None:
    message = f"target of 'macs' must be a finite number of at least 0, got {value!r}."
    with pytest.raises(PlanError, match=re.escape(message)):
        checked_targets({"macs": value})


@pytest.mark.parametrize("value", [91, 1.01, -0.1, math.nan])
def test_a_target_accuracy_is_a_fraction(value: float) -> None:
    message = f"target of 'accuracy' must be in [0, 1], got {value!r}."
    with pytest.raises(PlanError, match=re.escape(message)):
        checked_targets({"accuracy": value})
    assert dict(checked_targets({"accuracy": 1})) == {"accuracy": 1}


HIGHER_IS_BETTER = {"accuracy", "speedup", "throughput"}


@pytest.mark.parametrize("metric", BETTER)
def test_a_target_is_reached_from_the_better_side_and_by_itself(metric: str) -> None:
    assert meets(metric, 0.5, 0.5)
    assert meets(metric, 0.6, 0.5) == (metric in HIGHER_IS_BETTER)
    assert meets(metric, 0.4, 0.5) == (metric not in HIGHER_IS_BETTER)
