// Whenever a chart is painted, Bokeh (3.9) writes the style sheet of every axis, grid and glyph anew,
// most of them as they were, and asks for computed styles in between: the browser then works out the
// styles of the whole page dozens of times. A sheet whose text stays need not be written.

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
