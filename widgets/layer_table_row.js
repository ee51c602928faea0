// The cells of one row of the layer table.

import { drawing, make, makeButton, makeCell, percent } from "./dom.js";
import { ratioCell } from "./layer_table_controls.js";

const COLUMNS = [
  { key: "name", label: "Layer", className: "pw-layer", title: "Sort in the model's order" },
  { key: "", label: "Weights", className: "pw-weights-cell", title: "Histogram of the weights" },
  {
    key: "parameters_share",
    label: "Params",
    className: "pw-share pw-params",
    title: "Share of the model's parameters",
  },
  {
    key: "macs_share",
    label: "MACs",
    className: "pw-share pw-macs",
    title: "Share of the model's multiply-adds",
  },
  {
    key: "latency_share",
    label: "Time",
    className: "pw-share pw-time",
    title: "Share of the dense model's time in ONNX Runtime, measured operator by operator",
  },
  {
    key: "ratio",
    label: "Pruning ratio",
    className: "pw-ratio-cell",
    title: "Fraction to remove, of the dense model",
  },
];

/** The columns of these rows: under N:M the last one holds switches. */
export function columns(rows) {
  const pattern = rows.map((row) => row.pattern).find(Boolean);
  if (!pattern) return COLUMNS;
  const title = `Keep ${pattern.replace(":", " of every ")} weights along the inputs, or all`;
  return COLUMNS.map((column) =>
    column.key === "ratio" ? { ...column, label: `${pattern} or dense`, title } : column,
  );
}

/** The bar chart of a row's weights, as one path. */
function histogram(bins) {
  const top = Math.max(1, ...bins);
  const bars = bins.map((count, i) => `M${i + 0.08} 1V${1 - count / top}h.84V1z`);
  const svg = drawing("pw-weights", `0 0 ${Math.max(1, bins.length)} 1`, bars.join(""));
  svg.setAttribute("preserveAspectRatio", "none");
  return svg;
}

/** A share in words and as a bar, which is relative to the largest share in the table. */
function shareCell(className, share, largest, of) {
  if (share === null) return makeCell(`pw-share ${className}`, { title: "not measured yet" });
  const bar = make("span", "pw-bar");
  bar.style.setProperty("--pw-share", largest ? share / largest : 0);
  const label = make("span", "pw-percent", { text: percent(share) });
  const exact = `${(share * 100).toFixed(2)} % of the model's ${of}`;
  return makeCell(`pw-share ${className}`, { title: exact }, [label, bar]);
}

/** Long names keep their end, which is the part that tells neighbours apart. */
function nameButton(row) {
  const parts = row.title.split(".");
  const head = parts.length > 2 ? `${parts.slice(0, -2).join(".")}.` : "";
  return makeButton("pw-name", { title: row.title }, [
    make("span", "pw-name-head", { text: head }),
    make("span", "pw-name-tail", { text: row.title.slice(head.length) }),
  ]);
}

function nameCell(row, parts) {
  const line = make("div", "pw-name-line", {}, [nameButton(row)]);
  if (row.layers.length > 1) {
    const members = `Pruned together:\n${row.layers.join("\n")}`;
    const text = `+${row.layers.length - 1}`;
    line.append(
      make("span", "pw-badge", { text, title: members, role: "img", "aria-label": members }),
    );
  }
  parts.picked = make("span", "pw-by-hand");
  line.append(parts.picked);
  const meta = make("div", "pw-meta", {}, [
    make("span", "pw-kind", { text: row.kind }),
    make("span", "pw-shape", { text: row.shape }),
    make("span", "pw-size", { text: row.size_label }),
  ]);
  return makeCell("pw-layer", {}, [line, meta]);
}

/** What is said of a row, from the left up to its controls. */
function description(row, largest, parts) {
  return [
    nameCell(row, parts),
    makeCell("pw-weights-cell", {}, [histogram(row.histogram)]),
    shareCell("pw-params", row.parameters_share, largest.parameters, "parameters"),
    shareCell("pw-macs", row.macs_share, largest.macs, "multiply-adds"),
    shareCell("pw-time", row.latency_share, largest.latency, "time, with what is fused into it"),
  ];
}

function searched(row) {
  return [row.title, row.unit, row.kind, ...row.layers].join("\n").toLowerCase();
}

/** A row's elements by name; `largest` holds the largest shares in the table. */
export function makeRow(row, largest) {
  const parts = { row, text: searched(row) };
  const className = row.prunable ? "pw-row" : "pw-row pw-row-fixed";
  parts.cells = description(row, largest, parts);
  parts.tr = make("tr", className, { role: "row", "data-unit": row.unit }, [
    ...parts.cells,
    ratioCell(row, parts),
  ]);
  return parts;
}

/** Say other things of a row; its controls are left alone. */
export function describeAgain(parts, row, largest) {
  const focused = parts.cells[0].contains(document.activeElement);
  const cells = description(row, largest, parts);
  parts.cells.forEach((cell, place) => cell.replaceWith(cells[place]));
  Object.assign(parts, { row, cells, text: searched(row) });
  if (focused) cells[0].querySelector(".pw-name").focus();
}
