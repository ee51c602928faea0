"""BokehJS for the page, once for all charts: from the installed package, never from a CDN."""

import functools

import anywidget
import bokeh
import traitlets
from bokeh.util.paths import bokehjs_path


@functools.cache
def bokehjs() -> str:
    """The part of BokehJS that charts need, a script of about 1 MB."""
    return (bokehjs_path() / "js" / "bokeh.min.js").read_text(encoding="utf-8")


class BokehLibrary(anywidget.AnyWidget):
    """An invisible widget that brings the part of BokehJS that charts need.

    `bokeh.io.output_notebook` would bring all of it, three times as much and twice over, and leave
    it in the saved notebook. The page asks for it: in the widget's state it would be sent with
    all states when a page is reloaded, for which ipywidgets waits four seconds and no longer.
    """

    _esm = """
export default {
  initialize({ model }) {
    const version = model.get("version");
    let asked = 0;
    // JupyterLab can lose messages while it restores a page; or the kernel is busy, and asked
    // less often.
    const ask = (patience) => {
      if (window.Bokeh?.[version]) return;
      model.send({ type: "script" });
      asked = setTimeout(ask, patience, 2 * patience);
    };
    model.on("msg:custom", async ({ script }) => {
      clearTimeout(asked);
      if (window.Bokeh?.[version] || window.pwBokehComes === version) return;
      window.pwBokehComes = version; // asked for by another workbench on the page as well
      // BokehJS hangs itself onto `this`, which a module does not have.
      const source = ["export default function () {", script, "}"].join("\\n");
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      (await import(url)).default.call(window);
      URL.revokeObjectURL(url);
    });
    ask(5000);
    return () => clearTimeout(asked);
  },
};
"""

    version = traitlets.Unicode(bokeh.__version__, help="Of BokehJS.").tag(sync=True)

    def __init__(self) -> None:
        super().__init__(layout={"display": "none"})
        self.on_msg(self._receive)

    def _receive(self, _widget: object, content: object, _buffers: object) -> None:
        if content == {"type": "script"}:
            self.send({"script": bokehjs()})
