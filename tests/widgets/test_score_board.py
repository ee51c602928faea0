from collections.abc import Callable
from typing import Any

from widgets.score_board import ScoreBoard, ScoreRow


def score(metric: str = "accuracy", **changes: Any) -> ScoreRow:
    values: dict[str, Any] = {
        "metric": metric,
        "label": metric.capitalize(),
        "better": "higher",
        "unit": "%",
        "dense": "99.4 %",
        "now": "99.4 %",
        "planned": "98.9 %",
        "planned_kind": "predicted",
        "target": None,
        "met": None,
        "hint": "",
        "more": False,
    }
    return ScoreRow(**{**values, **changes})


def test_a_target_arrives_checked() -> None:
    intents: list[dict[str, Any]] = []
    board = ScoreBoard(intents.append, [score("accuracy")])
    target = {"type": "target", "metric": "accuracy", "value": 98.5}
    board._handle_custom_msg(target, [])
    board._handle_custom_msg({**target, "metric": "speed"}, [])
    assert intents == [target]


def test_only_new_values_are_sent(record: Callable) -> None:
    board = ScoreBoard(print, [score(now="99.4 %")])
    sent = record(board)
    board.update([score(now="99.4 %")])
    assert sent == []
    board.update([score(now="91.0 %")])
    assert [message["state"]["rows"][0]["now"] for message in sent] == ["91.0 %"]
