// The lines of the tree beside one row. Rows are as tall as their text, so that the drawing is
// stretched: lines from edge to edge, and the mark at a fixed distance from the top.

import { SVG_NAMESPACE } from "./dom.js";

const LANE = 16;
const WIDEST = 112; // deeper trees are drawn narrower
const MARK_Y = 17;
const FAR = 1000; // further down than any row ends; the row cuts it off

const MARKS = {
  open: "M-5,-5h10v10h-10z",
  prune: "M-6,-4.5h12l-6,10z",
  finetune: "M-5.5,0a5.5,5.5 0 1,0 11,0a5.5,5.5 0 1,0 -11,0z",
  measure: "M0,-6.5l6,6.5l-6,6.5l-6,-6.5z",
};
const OTHER_MARK = "M-3,-5h6l3,5l-3,5h-6l-3,-5z";

/** How many lanes the tree has. */
export function lanes(rows) {
  return 1 + Math.max(0, ...rows.map(({ lane }) => lane));
}

export function graphWidth(rows) {
  return Math.min(WIDEST, lanes(rows) * LANE) + 8;
}

function draw(svg, tag, className, attributes) {
  const shape = document.createElementNS(SVG_NAMESPACE, tag);
  shape.setAttribute("class", className);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  svg.append(shape);
}

/**
 * Which lines beside each row are on the way to the current step: by step, for each lane above and
 * below the row's mark. A line leads to whatever leaves it further down.
 */
export function walkedLines(rows, path) {
  const below = [];
  const lines = new Map();
  for (const { step, lane, branches } of rows.toReversed()) {
    const above = [...below];
    above[lane] = !branches && path.has(step);
    if (branches && path.has(step)) above[lane - 1] = true;
    lines.set(step, { above, below: [...below] });
    below.splice(0, below.length, ...above);
  }
  return lines;
}

/** Draw a row's part of the tree; what led to the current step stands out. */
export function paintGraph(svg, row, { path, walked, width, current, deepest }) {
  const gap = Math.min(LANE, (width - 8) / deepest);
  const at = (lane) => 4 + gap * (lane + 0.5);
  const x = at(row.lane);
  const { above, below } = walked.get(row.step);
  const line = (d, led) => draw(svg, "path", led ? "pw-line pw-walked" : "pw-line", { d });
  svg.replaceChildren();
  svg.setAttribute("width", width);
  for (let lane = 0; lane <= row.lane; lane += 1) {
    const own = lane === row.lane;
    if (!(own && (row.branches || row.parent === null))) {
      line(`M${at(lane)},0V${MARK_Y}`, above[lane]);
    }
    if (!(own && row.ends)) line(`M${at(lane)},${MARK_Y}V${FAR}`, below[lane]);
  }
  if (row.branches) {
    const from = at(row.lane - 1);
    line(`M${from},0V${MARK_Y - gap / 2}Q${from},${MARK_Y} ${x},${MARK_Y}`, path.has(row.step));
  }
  const transform = `translate(${x} ${MARK_Y})`;
  if (row.step === current) draw(svg, "circle", "pw-ring", { r: 9, transform });
  const d = MARKS[row.kind] ?? OTHER_MARK;
  draw(svg, "path", "pw-mark", { d, transform, "data-kind": row.kind });
}
