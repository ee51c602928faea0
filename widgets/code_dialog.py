"""*Copy as code*: what was done so far as Python and as a recipe; one anywidget."""

from collections.abc import Callable

import anywidget
import traitlets

from widgets.front_end import module_source, style_source
from widgets.intents import Intent, code_intent


class CodeDialog(anywidget.AnyWidget):
    """A button, and the dialog that it opens.

    The browser never writes a trait back; it sends intents, which `answer` and `saved` answer on
    every page:

    - ``{"type": "open"}``: somebody wants to see the code, as it is now
    - ``{"type": "save", "path": text}``: write the recipe to a file of this machine

    Args:
        on_intent: Called with every intent that checks out, on the thread comms arrive on.
    """

    _esm = module_source("code_dialog.js")
    _css = style_source("code_dialog.css")

    path = traitlets.Unicode(
        "recipe.yaml", help="Where a recipe is written if it is not said."
    ).tag(sync=True)

    def __init__(self, on_intent: Callable[[Intent], None], path: str) -> None:
        super().__init__(path=path)
        self._on_intent = on_intent
        self.on_msg(self._receive)

    def answer(self, python: str, recipe: str) -> None:
        """Show the code, as it was when somebody asked for it."""
        self.send({"type": "code", "python": python, "recipe": recipe})

    def saved(self, said: str, *, failed: bool = False) -> None:
        """Say what became of saving."""
        self.send({"type": "saved", "said": said, "failed": failed})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        intent = code_intent(content)
        if intent is not None:
            self._on_intent(intent)
