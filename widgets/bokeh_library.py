"""BokehJS for the page, once for all charts: from the installed package, never from a CDN."""

import anywidget
import bokeh
from bokeh.util.paths import bokehjs_path

_STARTS = """
export default {
  initialize() {
    setTimeout(() => window.Bokeh?.[%r] ?? library.call(window)); // the table goes first
  },
};
"""


class BokehLibrary(anywidget.AnyWidget):
    """An invisible widget that brings the part of BokehJS that charts need.

    `bokeh.io.output_notebook` would bring all of it, three times as much and twice over, and leave
    it in the saved notebook.
    """

    # BokehJS hangs itself onto `this`, which a module does not have.
    _esm = "\n".join(
        [
            "function library() {",
            (bokehjs_path() / "js" / "bokeh.min.js").read_text(encoding="utf-8"),
            "}",
            _STARTS % bokeh.__version__,
        ]
    )
