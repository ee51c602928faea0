import logging
import math

import pytest

from widgets.intents import board_intent, table_intent

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
