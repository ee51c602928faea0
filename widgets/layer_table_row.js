// The cells of one row of the layer table.

import { drawing, make, makeButton, percent } from "./dom.js";
import { MAX_RATIO } from "./layer_table_store.js";

const LOCK_CLOSED = "M4.9 7V5a3.1 3.1 0 0 1 6.2 0v2M3.5 7h9v6.5h-9z";
const LOCK_OPEN = "M4.9 7V4.6a3.1 3.1 0 0 1 5.9-1.4M3.5 7h9v6.5h-9z";

export const COLUMNS = [
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
    key: "ratio",
    label: "Pruning ratio",
    className: "pw-ratio-cell",
    title: "Fraction to remove, of the dense model",
  },
];

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
  const bar = make("span", "pw-bar");
  bar.style.setProperty("--pw-share", largest ? share / largest : 0);
  const label = make("span", "pw-percent", { text: percent(share) });
  const exact = `${(share * 100).toFixed(2)} % of the model's ${of}`;
  return make("td", `pw-share ${className}`, { title: exact }, [label, bar]);
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

function nameCell(row) {
  const line = make("div", "pw-name-line", {}, [nameButton(row)]);
  if (row.layers.length > 1) {
    const members = `Pruned together:\n${row.layers.join("\n")}`;
    const text = `+${row.layers.length - 1}`;
    line.append(
      make("span", "pw-badge", { text, title: members, role: "img", "aria-label": members }),
    );
  }
  const meta = make("div", "pw-meta", {}, [
    make("span", "pw-kind", { text: row.kind }),
    make("span", "pw-shape", { text: row.shape }),
    make("span", "pw-size", { text: row.size_label }),
  ]);
  return make("td", "pw-layer", {}, [line, meta]);
}

function slider(title) {
  return make("input", "pw-slider", {
    type: "range",
    min: 0,
    max: MAX_RATIO,
    step: 0.01,
    "data-testid": "pw-slider",
    "data-lm-suppress-shortcuts": "true",
    "aria-label": `Pruning ratio of ${title}`,
  });
}

function number(title) {
  return make("input", "pw-number", {
    type: "number",
    min: 0,
    max: 99.9,
    step: "any",
    "data-testid": "pw-ratio",
    "aria-label": `Pruning ratio of ${title} in percent`,
  });
}

function lock(title) {
  const attributes = { "data-testid": "pw-lock", "aria-label": `Lock ${title}` };
  return makeButton("pw-lock", attributes, [
    drawing("pw-icon pw-icon-open", "0 0 16 16", LOCK_OPEN),
    drawing("pw-icon pw-icon-closed", "0 0 16 16", LOCK_CLOSED),
  ]);
}

function pin() {
  return make("span", "pw-pin", {
    text: "◆",
    role: "img",
    title: "Has a ratio of its own: the global ratio does not move it",
    "aria-label": "has a ratio of its own",
  });
}

/** The controls, kept by name in `parts`; or the reason why there are none. */
function ratioCell(row, parts) {
  if (!row.prunable) {
    const reason = make("div", "pw-reason", { text: row.reason, title: row.reason });
    return make("td", "pw-ratio-cell", {}, [reason]);
  }
  parts.slider = slider(row.title);
  parts.number = number(row.title);
  parts.lock = lock(row.title);
  parts.pin = pin();
  const track = make("span", "pw-track", {}, [make("span", "pw-fill"), make("span", "pw-gone")]);
  const unit = make("span", "pw-unit", { text: "%" });
  const controls = make("div", "pw-controls", {}, [
    make("span", "pw-slider-box", {}, [track, parts.slider]),
    parts.pin,
    make("label", "pw-number-box", {}, [parts.number, unit]),
    parts.lock,
  ]);
  return make("td", "pw-ratio-cell", {}, [controls]);
}

/** A row's elements by name; `largest` holds the largest shares in the table. */
export function makeRow(row, largest) {
  const parts = { row };
  const weights = make("td", "pw-weights-cell", {}, [histogram(row.histogram)]);
  const className = row.prunable ? "pw-row" : "pw-row pw-row-fixed";
  parts.tr = make("tr", className, { "data-unit": row.unit }, [
    nameCell(row),
    weights,
    shareCell("pw-params", row.parameters_share, largest.parameters, "parameters"),
    shareCell("pw-macs", row.macs_share, largest.macs, "multiply-adds"),
    ratioCell(row, parts),
  ]);
  parts.text = [row.title, row.unit, row.kind, ...row.layers].join("\n").toLowerCase();
  return parts;
}

/** Draw the state of a row; text being typed is left alone. */
export function paintRow({ row, tr, slider, number, lock, pin }, store) {
  if (!slider) return;
  const { achieved, locked, pinned } = store.state(row.unit);
  const ratio = store.ratio(row.unit);
  const text = String(Math.round(ratio * 1000) / 10);
  const gone = achieved > 0 ? `${percent(achieved)} already removed` : "";
  const why = store.reason || (locked ? "Locked" : gone);
  slider.value = ratio;
  slider.setAttribute("aria-valuetext", gone ? `${text} percent, ${gone}` : `${text} percent`);
  if (!tr.classList.contains("pw-typing")) number.value = text;
  slider.disabled = !store.movable(row.unit);
  number.disabled = slider.disabled;
  slider.title = why;
  number.title = why;
  lock.disabled = Boolean(store.reason);
  lock.setAttribute("aria-pressed", locked);
  lock.title = store.reason || (locked ? "Unlock" : "Lock: leave this layer as it is");
  pin.hidden = !pinned;
  tr.classList.toggle("pw-locked", locked);
  tr.style.setProperty("--pw-ratio", Math.min(1, ratio / MAX_RATIO));
  tr.style.setProperty("--pw-achieved", Math.min(1, achieved / MAX_RATIO));
}
