"""A Bokeh model on the page, kept up to date by one message per change."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anywidget
import bokeh
import traitlets
from bokeh.core.serialization import Serializer
from bokeh.document import Document
from bokeh.document.events import DocumentPatchedEvent
from bokeh.models.ui import UIElement

from widgets.charts.following import Following
from widgets.front_end import module_source
from widgets.intents import chart_intent


class ChartView(anywidget.AnyWidget):
    """Shows a Bokeh model wherever it is displayed, as it is by then.

    A place on the page asks for the model once it is visible, and only then it is made: what
    nobody looks at costs nothing.
    From the page comes only what a hand has moved or chosen, of the properties that somebody
    listens to (`Model.on_change`), as ``{"type": "moved", "model": id, "attr": name, "new": ...}``
    with a number, or a list of the places of chosen glyphs.

    Args:
        make: Makes the model; change it within `changing`.
        height: Of the model, in px.

    Attributes:
        run: Does what it is given on the thread that draws; at once by default.
    """

    _esm = module_source("chart_view.js")

    version = traitlets.Unicode(bokeh.__version__, help="Of the BokehJS that draws it.").tag(
        sync=True
    )
    height = traitlets.Int(help="In px: nothing below it moves when the chart arrives.").tag(
        sync=True
    )

    follow = traitlets.Dict(
        help="`hand`, `unit`, and the `followers` of its slider; or empty."
    ).tag(sync=True)

    def __init__(self, make: Callable[[], UIElement], height: int) -> None:
        super().__init__(height=height)
        self.run: Callable[[Callable[[], None]], None] = lambda work: work()
        self._make = make
        self._lock = threading.RLock()
        self._changes: list[DocumentPatchedEvent] = []
        self._document: Document | None = None
        self.on_msg(self._receive)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Send everything that changes of the model meanwhile, in one message at the end."""
        with self._lock:
            try:
                yield
            finally:
                self._flush()

    def foresee(self, hand: str, unit: str, followers: Following) -> None:
        """Have parts of the model follow a slider on the page, without waiting for a patch.

        Args:
            hand: Of the table that the slider is in.
            unit: Of the slider.
            followers: What follows it; nothing does if there is none.
        """
        messages = [follower.message() for follower in followers]
        told = {"hand": hand, "unit": unit, "followers": messages}
        self.follow = told if messages else {}

    def close(self) -> None:
        """Free the widget; the model can be shown by another one."""
        if self._document is not None and self.comm is not None:
            self._document.remove_on_change(self)  # widgets close once more when forgotten
        super().close()

    def _document_patched(self, event: DocumentPatchedEvent) -> None:
        """Called by the document."""
        if event.setter is self or any(old.combine(event) for old in reversed(self._changes)):
            return
        self._changes.append(event)

    def _flush(self) -> None:
        changes, self._changes = self._changes, []
        if not changes or self._document is None:
            return
        models = self._document.models
        # Numbers as base64 in the message itself: a second message would cost more.
        serializer = Serializer(references=models.synced_references, deferred=False)
        patch = {"events": serializer.encode(changes)}
        models.flush_synced(lambda model: not serializer.has_ref(model))
        self.send({"type": "patch", "patch": patch})

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        document = self._document
        match chart_intent(content, _heard(document) if document else set()):
            case {"type": "open", "view": view}:
                self.run(lambda: self._send_document(view))
            case {"type": "moved", "model": model, "attr": attr, "new": new} if document:
                moved: Any = document.get_model_by_id(model)
                moved.set_from_json(attr, new, setter=self)

    def _send_document(self, view: str) -> None:
        with self._lock:
            self._flush()
            if (document := self._document) is None:
                document = Document()
                document.add_root(self._make())
                document.on_change_dispatch_to(self)
                self._document = document
            body = document.to_json(deferred=False)
            heard = [list(pair) for pair in _heard(document)]
            self.send({"type": "document", "view": view, "document": body, "heard": heard})


def _heard(document: Document) -> set[tuple[str, str]]:
    """``(id, property)`` of whatever tells somebody when the page changes it."""
    return {
        (model.id, name)
        for model in document.models
        for name, listeners in model._callbacks.items()
        if listeners
    }
