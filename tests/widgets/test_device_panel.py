"""The choice of a device: asks for what is not so already, and shows what is."""

from typing import Any

import pytest

from widgets.panels.device import DevicePanel
from workbench import Session
from workbench.devices import LocalCpu
from workbench.session.conditions import Conditions


@pytest.fixture
def asked() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def panel(session: Session, asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> DevicePanel:
    monkeypatch.setattr("widgets.panels.device.known_devices", lambda: ("cpu", "cpu:2"))
    return DevicePanel(session, lambda word, batch: asked.append((word, batch)))


def measured_on(session: Session, threads: int, batch_size: int = 1) -> None:
    session._gauge.selected.conditions = Conditions(LocalCpu(threads), batch_size)


def test_it_shows_what_is_selected_and_asks_for_nothing(
    panel: DevicePanel, session: Session, asked: list[Any]
) -> None:
    measured_on(session, 2, 8)
    panel.update()
    assert (panel._list.value, panel._batch.value) == ("cpu:2", 8)
    assert [label for label, _ in panel._list.options] == [
        "cpu, 1 thread",
        "cpu, 2 threads",
        "over SSH…",
    ]
    assert asked == []


def test_choosing_a_device_or_a_batch_asks_for_it(panel: DevicePanel, asked: list[Any]) -> None:
    panel._list.value = "cpu:2"
    panel._list.value = "cpu"
    panel._batch.value = 4
    assert asked == [("cpu:2", 1), ("cpu", 4)]


def test_another_machine_can_be_typed(panel: DevicePanel, asked: list[Any]) -> None:
    assert panel._typed.layout.display == "none"
    panel._list.value = "over SSH…"
    assert panel._typed.layout.display is None
    panel.update()
    assert panel._list.value == "over SSH…"
    panel._typed.value = " ssh://pi@board "
    assert asked == [("ssh://pi@board", 1)]


def test_a_device_that_is_not_of_this_machine_is_listed_while_it_is_in_use(
    panel: DevicePanel, session: Session
) -> None:
    measured_on(session, 7)
    panel.update()
    assert panel._list.value == "cpu:7"
