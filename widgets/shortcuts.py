"""Undo and redo by keyboard."""

from collections.abc import Callable, Mapping

import anywidget

from widgets.front_end import module_source


class Shortcuts(anywidget.AnyWidget):
    """An invisible widget in the workbench that hears Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y, or Cmd.

    Only while the focus is in the workbench, and not in a text that has an undo of its own; keys
    pressed in a notebook's cells stay JupyterLab's.

    Args:
        actions: What to call, by what was asked for: ``"undo"`` and ``"redo"``.
    """

    _esm = module_source("shortcuts.js")

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        super().__init__()
        self._actions = actions
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        match content:
            case {"type": str(asked)} if asked in self._actions:
                self._actions[asked]()
