"""Tabs, and panels that are made when somebody looks for them."""

from collections.abc import Iterator

import ipywidgets
import pytest
from watching import eventually

import widgets.app
from widgets import Workbench
from widgets.tabs import ACCURACY, EXPORT, LAYER, RECOVERY, SUGGEST, Late, Tabs
from widgets.theme import palette
from workbench import Session


class Words:
    """A panel that counts how often it was drawn."""

    def __init__(self) -> None:
        self.root = ipywidgets.Label()
        self.drawn = 0

    def update(self) -> None:
        self.drawn += 1


@pytest.fixture
def workbench(digits: Session) -> Iterator[Workbench]:
    workbench = Workbench(digits)
    yield workbench
    workbench.close()


def lates(workbench: Workbench) -> dict[str, Late]:
    later = workbench._later
    panels = later.suggest, later.recovery, later.export, later.accuracy
    return dict(zip((SUGGEST, RECOVERY, EXPORT, ACCURACY), panels, strict=True))


def test_a_late_panel_is_made_once_and_shown_in_its_place() -> None:
    late = Late(Words)
    assert late.made is None and late.place.children == ()
    panel = late.panel
    assert late.panel is panel is late.made
    assert (late.place.children, panel.drawn) == ((panel.root,), 0)
    late.update()
    assert panel.drawn == 1


def test_tabs_say_which_one_is_open_and_tell_when_that_changes() -> None:
    told: list[str] = []
    tabs = Tabs({"A": ipywidgets.Label(), "B": ipywidgets.Label()}, lambda: told.append("opened"))
    assert (tabs.opened, told) == ("A", [])
    tabs.open("B")
    assert (tabs.opened, tabs.root.selected_index, told) == ("B", 1, ["opened"])


def test_a_new_workbench_has_no_panel_that_nobody_sees(workbench: Workbench) -> None:
    assert workbench._tabs.opened == LAYER
    assert {title for title, late in lates(workbench).items() if late.made} == set()


@pytest.mark.parametrize("title", [SUGGEST, RECOVERY, EXPORT, ACCURACY])
def test_a_tab_that_is_opened_shows_its_panel_and_no_other_is_made(
    workbench: Workbench, title: str
) -> None:
    workbench._tabs.open(title)
    late = lates(workbench)[title]
    eventually(lambda: late.place.children != ())
    assert late.place is workbench._tabs.root.children[workbench._tabs.root.selected_index]
    assert [name for name, other in lates(workbench).items() if other.made] == [title]


def test_panels_of_closed_tabs_are_made_once_the_page_is_at_rest(
    digits: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widgets.app, "_SETTLED_S", 0.0)
    workbench = Workbench(digits)
    try:
        eventually(lambda: all(late.made for late in lates(workbench).values()))
        eventually(lambda: "Trains" in workbench._later.recovery.panel._button.tooltip)
    finally:
        workbench.close()


def test_a_chart_of_a_late_panel_is_dark_on_a_dark_page(workbench: Workbench) -> None:
    workbench._theme.dark = True
    workbench._tabs.open(RECOVERY)
    eventually(lambda: workbench._later.recovery.made is not None)
    slot = workbench._later.recovery.panel.charts
    slot.root._handle_custom_msg({"type": "open", "view": "a"}, [])
    eventually(lambda: slot.root._document is not None)
    assert slot.chart.root.yaxis[0].axis_label_text_color == palette(dark=True).loss


def test_a_plan_that_is_asked_for_is_taken_over_and_said(workbench: Workbench) -> None:
    workbench._tabs.open(SUGGEST)
    eventually(lambda: workbench._later.suggest.made is not None)
    panel = workbench._later.suggest.panel
    eventually(lambda: not panel._suggest.disabled)
    panel._rules["uniform"].value = True
    panel._suggest.click()
    eventually(lambda: "Suggested: " in panel._outcome.value)
    assert workbench.session.estimate().shares["macs"] < 0.6
