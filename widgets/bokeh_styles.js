// Whenever a chart is painted, Bokeh (3.9) writes the style sheet of every axis, grid and glyph anew,
// most of them as they were, and asks between them whether the page's styles give a colour or a font
// another value: the browser then works out the styles of the whole page dozens of times.

/** Makes a BokehJS write only the style sheets that change; once for each BokehJS. */
export function writeChangedStylesOnly(Bokeh) {
  const sheet = Bokeh.require("core/dom").InlineStyleSheet?.prototype;
  if (typeof sheet?._update !== "function" || sheet.pwWritesChangesOnly) return;
  const write = sheet._update;
  sheet._update = function (css) {
    if (this.el.textContent !== css) write.call(this, css);
  };
  sheet.pwWritesChangesOnly = true;
}

/** Says that a document has its colours and fonts from the kernel alone, none from style sheets. */
export function drawnByTheKernel(document, Bokeh) {
  const visuals = Bokeh.require("core/visuals/visual").VisualProperties?.prototype;
  if (typeof visuals?._get_css_value !== "function") return;
  if (visuals.pwDrawnByTheKernel === undefined) {
    const look = visuals._get_css_value;
    const documents = (visuals.pwDrawnByTheKernel = new WeakSet());
    visuals._get_css_value = function (name) {
      return documents.has(this.obj.model.document) ? "" : look.call(this, name);
    };
  }
  visuals.pwDrawnByTheKernel.add(document);
}
