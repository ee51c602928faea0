"""Panels behind one another, of which a person sees one."""

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

import ipywidgets

LAYER, CHANNELS, SUGGEST, RECOVERY = "Layer", "Channels", "Suggest", "Recovery"
HISTORY, EXPORT, ACCURACY = "History", "Export", "Accuracy"


class Panel(Protocol):
    """What `Late` makes."""

    @property
    def root(self) -> ipywidgets.Widget:
        """All of it."""

    def update(self) -> None:
        """Show the session as it is now."""


P = TypeVar("P", bound=Panel)


class Late(Generic[P]):
    """The place of a panel that is made when it is first asked for.

    Each widget passes through kernel, server and page before the screen appears, and closed tabs
    have half of them.

    Args:
        make: Makes the panel.

    Attributes:
        place: Holds the panel's `root`, once there is one.
    """

    def __init__(self, make: Callable[[], P]) -> None:
        self.place = ipywidgets.VBox()
        self._make = make
        self._panel: P | None = None

    @property
    def panel(self) -> P:
        """The panel, made if need be; on the thread that draws."""
        if (panel := self._panel) is None:
            panel = self._panel = self._make()
            self.place.children = [panel.root]
        return panel

    @property
    def made(self) -> P | None:
        """The panel, if it was asked for before."""
        return self._panel

    def update(self) -> None:
        """Draw the panel, and make it before if need be."""
        self.panel.update()


class Tabs:
    """Tabs that are told apart by their titles.

    Args:
        panels: What each shows, by title, in order.
        on_open: Called when another tab is opened, by a person or by `open`.
    """

    def __init__(
        self, panels: Mapping[str, ipywidgets.Widget], on_open: Callable[[], None]
    ) -> None:
        self._titles = tuple(panels)
        self.root = ipywidgets.Tab([*panels.values()], titles=self._titles)
        self.root.observe(lambda _: on_open(), "selected_index")

    @property
    def opened(self) -> str:
        """Title of the tab that is seen."""
        return self._titles[self.root.selected_index or 0]

    def open(self, title: str) -> None:
        """Bring a tab to the front."""
        self.root.selected_index = self._titles.index(title)
