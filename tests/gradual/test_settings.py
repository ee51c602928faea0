import json
import re
from typing import Any

import pytest

from workbench.errors import TrainingError
from workbench.gradual import GradualSettings


def test_settings_survive_json_and_have_defaults() -> None:
    settings = GradualSettings("linear", 0.1, 0.6, 7)
    assert GradualSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    assert GradualSettings.from_json({}) == GradualSettings()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "square"}, "schedule of gradual pruning must be one of 'cubic', 'linear', "),
        ({"begin": -0.1}, "begin of gradual pruning must be in [0, 1], got -0.1."),
        ({"end": 1.1}, "end of gradual pruning must be in [0, 1], got 1.1."),
        ({"updates": 0}, "updates of gradual pruning must be a whole number of at least 1, got 0."),
        ({"begin": 0.8}, "begin of gradual pruning must be at most its end, 0.75, got 0.8."),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=re.escape(message)):
        GradualSettings(**settings)


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    message = r"gradual pruning has no setting 'updats'\. Did you mean 'updates'\? It has schedule,"
    with pytest.raises(TrainingError, match=message):
        GradualSettings.from_json({"updats": 3})


def test_updates_are_equally_far_apart() -> None:
    settings = GradualSettings(begin=0.25, end=0.75, updates=5)
    found = [settings.updates_by(share / 20) for share in range(21)]
    assert found == [0] * 7 + [1, 1, 2, 2, 3, 3, 4, 4] + [5] * 6


def test_all_updates_are_due_where_begin_and_end_meet() -> None:
    settings = GradualSettings(begin=0.5, end=0.5)
    assert [settings.updates_by(share) for share in (0, 0.49, 0.5, 1)] == [0, 0, 20, 20]


def test_a_ratio_rises_to_exactly_the_one_asked_for() -> None:
    settings = GradualSettings(updates=4)
    assert settings.ratio(2, 0.2, 0.7) == pytest.approx(0.7 - 0.5 * 0.5**3)
    assert settings.ratio(4, 0.2, 0.7) == 0.7
    assert settings.ratio(1, 0.5, 0.3) == 0.3
