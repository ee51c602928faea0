from collections.abc import Callable
from typing import Any

import pytest

from widgets.layer_table import LayerRow, LayerTable, UnitState


def row(unit: str, **changes: Any) -> LayerRow:
    values: dict[str, Any] = {
        "unit": unit,
        "title": unit,
        "kind": "conv",
        "shape": "3x3, 16 to 32",
        "size": 32,
        "size_label": "32 channels",
        "parameters_share": 0.5,
        "macs_share": 0.5,
        "latency_share": 0.5,
        "histogram": [1, 2, 1],
        "layers": [unit],
        "prunable": True,
        "reason": "",
        "pattern": "",
        "on_ratio": 0.5,
    }
    return LayerRow(**{**values, **changes})


def state(ratio: float = 0.0, **changes: Any) -> UnitState:
    return UnitState(
        **{"ratio": ratio, "achieved": 0.0, "locked": False, "pinned": False, **changes}
    )


@pytest.fixture
def intents() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def table(intents: list[dict[str, Any]]) -> LayerTable:
    units = {"conv1": state(), "conv2": state(0.3)}
    return LayerTable(intents.append, [row("conv1"), row("conv2")], units, selected="conv1")


def arrive(table: LayerTable, message: object) -> None:
    """What ipywidgets does when a custom message comes in."""
    table._handle_custom_msg(message, [])


def test_an_update_sends_one_message_with_only_what_changed(
    table: LayerTable, record: Callable
) -> None:
    sent = record(table)
    table.update_units({"conv1": {"ratio": 0.5, "locked": False}, "conv2": {"ratio": 0.3}})
    content = {"type": "units", "changes": {"conv1": {"ratio": 0.5}}}
    assert sent == [{"method": "custom", "content": content}]


def test_an_update_that_changes_nothing_sends_nothing(table: LayerTable, record: Callable) -> None:
    sent = record(table)
    table.update_units({"conv2": {"ratio": 0.3, "locked": False}})
    assert sent == []


def test_a_page_loaded_later_gets_the_updated_state(table: LayerTable) -> None:
    table.update_units({"conv1": {"ratio": 0.5, "achieved": 0.25, "pinned": True}})
    assert table.get_state("units")["units"]["conv1"] == state(0.5, achieved=0.25, pinned=True)


def test_an_update_of_an_unknown_unit_changes_nothing(table: LayerTable, record: Callable) -> None:
    sent = record(table)
    with pytest.raises(KeyError, match="conv9"):
        table.update_units({"conv1": {"ratio": 0.5}, "conv9": {"ratio": 0.5}})
    assert table.units["conv1"]["ratio"] == 0
    assert sent == []


def test_the_caller_keeps_the_states_it_passed_in(intents: list[dict[str, Any]]) -> None:
    units = {"conv1": state()}
    table = LayerTable(intents.append, [row("conv1")], units)
    table.update_units({"conv1": {"ratio": 0.5}})
    assert units == {"conv1": state()}


def test_intents_arrive_checked(table: LayerTable, intents: list[dict[str, Any]]) -> None:
    release = {"type": "release", "ratios": {"conv1": 0.5}}
    arrive(table, release)
    arrive(table, {"type": "release", "ratios": {"conv1": 1.0}})
    arrive(table, {"type": "lock", "unit": "conv2", "locked": True})
    assert intents == [release, {"type": "lock", "unit": "conv2", "locked": True}]


def test_confirming_a_ratio_from_the_page_sends_nothing_and_correcting_it_does(
    table: LayerTable, record: Callable
) -> None:
    sent = record(table)
    arrive(table, {"type": "drag", "ratios": {"conv1": 0.5}})
    table.update_units({"conv1": {"ratio": 0.5}})
    assert sent == []
    table.update_units({"conv1": {"ratio": 0.0}})
    assert [message["content"]["changes"] for message in sent] == [{"conv1": {"ratio": 0.0}}]


def test_a_selection_on_the_page_is_known_in_python_and_not_echoed(
    table: LayerTable, record: Callable, intents: list[dict[str, Any]]
) -> None:
    sent = record(table)
    seen: list[str] = []
    table._on_intent = lambda _: seen.append(table.selected)
    arrive(table, {"type": "select", "unit": "conv2"})
    assert seen == ["conv2"]
    assert sent == []


def test_selecting_in_python_is_sent(table: LayerTable, record: Callable) -> None:
    sent = record(table)
    table.select("conv2")
    assert [message["state"] for message in sent] == [{"selected": "conv2"}]


def test_a_new_table_is_one_message(table: LayerTable, record: Callable) -> None:
    sent = record(table)
    table.show([row("fc")], {"fc": state(0.2)}, selected="fc")
    assert len(sent) == 1
    assert set(sent[0]["state"]) == {"rows", "units", "selected"}
    assert table.units == {"fc": state(0.2)}
