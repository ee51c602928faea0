import logging
import math

import pytest

from widgets.intents import board_intent, comparison_intent, history_intent, table_intent

ROWS = {"conv1", "conv2", "classifier"}
UNITS = {"conv1", "conv2"}


@pytest.mark.parametrize("kind", ["drag", "release"])
def test_ratios_of_known_units_pass(kind: str) -> None:
    message = {"type": kind, "ratios": {"conv1": 0, "conv2": 0.999}}
    assert table_intent(message, ROWS, UNITS) == {
        "type": kind,
        "ratios": {"conv1": 0.0, "conv2": 0.999},
    }


@pytest.mark.parametrize("ratio", [1, 1.0, -0.01, math.nan, math.inf, True, "0.5", None, [0.5]])
def test_a_ratio_that_is_no_number_in_range_drops_the_whole_message(
    ratio: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        message = {"type": "release", "ratios": {"conv1": 0.5, "conv2": ratio}}
        assert table_intent(message, ROWS, UNITS) is None
    assert "layer table" in caplog.text
    assert repr(ratio) in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        {"type": "release", "ratios": {"classifier": 0.5}},
        {"type": "release", "ratios": {"conv9": 0.5}},
        {"type": "release", "ratios": {}},
        {"type": "release", "ratios": [0.5]},
        {"type": "release"},
        {"type": "lock", "unit": "classifier", "locked": True},
        {"type": "lock", "unit": "conv1", "locked": 1},
        {"type": "unpin", "unit": "classifier"},
        {"type": "unpin"},
        {"type": "select", "unit": "conv9"},
        {"type": "select", "unit": ["conv1"]},
        {"type": "explode", "unit": "conv1"},
        "release",
        None,
    ],
)
def test_a_message_that_does_not_check_out_is_dropped_with_a_warning(
    message: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert table_intent(message, ROWS, UNITS) is None
    assert "does not check out" in caplog.text


def test_locks_pins_and_selections_pass_without_fields_nobody_asked_for() -> None:
    assert table_intent({"type": "unpin", "unit": "conv1", "extra": 1}, ROWS, UNITS) == {
        "type": "unpin",
        "unit": "conv1",
    }
    lock = {"type": "lock", "unit": "conv1", "locked": False, "extra": 1}
    select = {"type": "select", "unit": "classifier", "extra": 1}
    assert table_intent(lock, ROWS, UNITS) == {"type": "lock", "unit": "conv1", "locked": False}
    assert table_intent(select, ROWS, UNITS) == {"type": "select", "unit": "classifier"}


@pytest.mark.parametrize("value", [None, 91.0, 0, -3])
def test_a_target_is_a_number_or_nothing(value: float | None) -> None:
    message = {"type": "target", "metric": "size", "value": value}
    assert board_intent(message, {"size"}) == message


@pytest.mark.parametrize(
    "message",
    [
        {"type": "target", "metric": "speed", "value": 1},
        {"type": "target", "metric": "size", "value": "1"},
        {"type": "target", "metric": "size", "value": math.nan},
        {"type": "target", "metric": "size", "value": True},
        {"type": "target", "metric": "size"},
        {"type": "aim", "metric": "size", "value": 1},
        7,
    ],
)
def test_a_target_that_does_not_check_out_is_dropped_with_a_warning(
    message: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert board_intent(message, {"size"}) is None
    assert "score board" in caplog.text


def test_a_long_message_is_cut_and_kept_on_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        board_intent("line\n" * 1000, {"size"})
    assert len(caplog.records[0].getMessage()) < 400
    assert "\n" not in caplog.records[0].getMessage()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "go", "step": 1},
        {"type": "compare", "steps": []},
        {"type": "compare", "steps": [2, 0]},
        {"type": "rename", "step": 0, "name": "dense", "remark": ""},
        {"type": "csv"},
    ],
)
def test_what_a_history_tree_asks_for_passes_with_its_known_fields_only(
    message: dict[str, object],
) -> None:
    assert history_intent({**message, "more": 1}, {0, 1, 2}) == message


@pytest.mark.parametrize(
    "message",
    [
        {"type": "go", "step": 3},
        {"type": "go", "step": True},
        {"type": "go", "step": [1]},
        {"type": "go"},
        {"type": "compare", "steps": [0, 1, 2]},
        {"type": "compare", "steps": [1, 1]},
        {"type": "compare", "steps": [[1]]},
        {"type": "compare", "steps": 1},
        {"type": "rename", "step": 9, "name": "a", "remark": ""},
        {"type": "rename", "step": 1, "name": None, "remark": ""},
        {"type": "rename", "step": 1, "name": "a"},
        "csv",
        None,
    ],
)
def test_what_no_history_tree_asks_for_is_dropped_with_a_warning(
    message: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert history_intent(message, {0, 1, 2}) is None
    assert "history tree" in caplog.text


def test_only_a_layer_that_is_shown_can_be_chosen(caplog: pytest.LogCaptureFixture) -> None:
    assert comparison_intent({"type": "layer", "layer": "conv1"}, ROWS) == {
        "type": "layer",
        "layer": "conv1",
    }
    with caplog.at_level(logging.WARNING):
        assert comparison_intent({"type": "layer", "layer": "conv9"}, ROWS) is None
        assert comparison_intent({"type": "layer", "layer": ["conv1"]}, ROWS) is None
    assert caplog.text.count("comparison") == 2
