// Metrics in rows, the dense model, now, the plan and the target in columns. Drawn in place, so
// that a target being typed survives the updates that arrive meanwhile.

import { make, makeButton, put } from "./dom.js";
import { handOf, placeOf } from "./hands.js";

const COLUMNS = [
  ["metric", "Metric"],
  ["dense", "Dense"],
  ["now", "Now"],
  ["planned", "Planned"],
  ["target", "Target"],
];
const KINDS = {
  predicted: ["○", "predicted"],
  measured: ["●", "measured"],
  exact: ["=", "exact"],
};

function makeRow({ metric, label, better, unit, hint }) {
  const parts = {
    dense: make("td", "pw-value", { "data-column": "dense" }),
    now: make("td", "pw-value pw-now", { "data-column": "now" }),
    planned: make("td", "pw-value", { "data-column": "planned" }),
    kind: make("span", "pw-kind", { role: "img" }),
    value: make("span", "pw-text"),
    mark: make("span", "pw-mark", { role: "img" }),
    input: make("input", "pw-target", {
      type: "number",
      step: "any",
      placeholder: "–",
      "aria-label": `Target for ${label}${unit ? ` in ${unit}` : ""}`,
    }),
  };
  parts.planned.append(parts.kind, parts.value);
  const [sign, bound] = better === "higher" ? ["≥", "at least"] : ["≤", "at most"];
  const box = make("label", "pw-target-box", { title: `Target: ${bound}` }, [
    make("span", "pw-sign", { text: sign, "aria-hidden": "true" }),
    parts.input,
    make("span", "pw-unit", { text: unit }),
  ]);
  const line = make("div", "pw-target-line", {}, [box, parts.mark]);
  parts.tr = make("tr", "", { "data-metric": metric }, [
    make("th", "pw-metric", { scope: "row", "data-column": "metric" }, [
      make("span", hint ? "pw-hint" : "", { text: label, ...(hint && { title: hint }) }),
    ]),
    parts.dense,
    parts.now,
    parts.planned,
    make("td", "pw-target-cell", { "data-column": "target" }, [line]),
  ]);
  return parts;
}

function paintText(node, text) {
  const measuring = text === "…";
  const shown = measuring ? "measuring…" : text || "–";
  put(node, { textContent: shown });
  node.classList.toggle("pw-measuring", measuring);
  node.classList.toggle("pw-missing", !text);
}

function paintRow(parts, row) {
  paintText(parts.dense, row.dense);
  paintText(parts.now, row.now);
  paintText(parts.value, row.planned);
  const known = row.planned && row.planned !== "…" && KINDS[row.planned_kind];
  const [sign, name] = known || ["", ""];
  const className = known ? `pw-value pw-${row.planned_kind}` : "pw-value";
  put(parts.planned, { className, title: name });
  put(parts.kind, { textContent: sign, ariaLabel: name });
  paintTarget(parts, row);
}

function paintTarget({ input, mark }, { target, met }) {
  if (input !== document.activeElement) input.value = target ?? "";
  input.dataset.committed = target ?? "";
  const judged = target !== null && (met === true || met === false);
  const title = !judged ? "" : met ? "target met" : "target missed";
  put(mark, {
    textContent: !judged ? "" : met ? "✓" : "✗",
    className: `pw-mark ${!judged ? "" : met ? "pw-met" : "pw-missed"}`,
    title,
    ariaLabel: title,
  });
}

function readTarget(model, { input }, metric) {
  const value = input.value === "" ? null : input.valueAsNumber;
  // A number the browser cannot read has an empty value too, and says so here.
  if (input.validity.badInput || !(value === null || Number.isFinite(value))) {
    input.value = input.dataset.committed;
  } else if (input.value !== input.dataset.committed) {
    input.dataset.committed = input.value;
    model.send({ type: "target", metric, value });
  }
}

/** By metric, what is planned where the hand is; nothing once the kernel's rows are about it. */
function foreseen(model) {
  const { hand, unit, kept, planned } = model.get("outlook");
  if (!unit) return {};
  const at = handOf(hand);
  const place = placeOf(at, unit);
  if (place < 0) return {};
  const about = model.get("about");
  const answered = about.unit === unit && Math.abs(about.ratio - at.held.get(unit).ratio) < 1e-6;
  return answered ? {} : planned[kept[place]];
}

/** Calls back whenever the hand of the outlook does something; the last function ends it. */
function followHand(model, listener) {
  let hand = null;
  const leave = () => {
    if (!hand) return;
    hand.listeners.delete(listener);
    hand.foreseen = "";
    hand = null;
  };
  const follow = () => {
    leave();
    const { hand: name, unit } = model.get("outlook");
    if (!name) return;
    hand = handOf(name);
    hand.foreseen = unit;
    hand.listeners.add(listener);
  };
  model.on("change:outlook", follow);
  follow();
  return () => {
    model.off("change:outlook", follow);
    leave();
  };
}

function addRow(model, row) {
  const parts = makeRow(row);
  const { input } = parts;
  input.addEventListener("change", () => readTarget(model, parts, row.metric));
  input.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") input.value = input.dataset.committed;
    if (key === "Enter") readTarget(model, parts, row.metric);
  });
  // Chrome changes a focused number when the wheel turns.
  input.addEventListener("wheel", () => input.blur(), { passive: true });
  return parts;
}

function render({ model, el }) {
  const head = COLUMNS.map(([key, text]) => make("th", `pw-head-${key}`, { scope: "col", text }));
  const body = make("tbody", "");
  const table = make("table", "", { "aria-label": "Score board" }, [
    make("thead", "", {}, [make("tr", "", {}, head)]),
    body,
  ]);
  const fold = makeButton("pw-fold", { "aria-expanded": "false" });
  el.replaceChildren(
    make("div", "pw-score-board", { "data-testid": "pw-score-board" }, [table, fold]),
  );
  let shown = "";
  let rows = [];
  let unfolded = false;
  const drawFold = (scores) => {
    const folded = scores.filter(({ more }) => more).length;
    scores.forEach(({ more }, at) => put(rows[at].tr, { hidden: Boolean(more) && !unfolded }));
    const caption = unfolded ? "Fewer figures ▴" : `${folded} more figures ▾`;
    put(fold, { hidden: !folded, textContent: caption, ariaExpanded: String(unfolded) });
  };
  fold.addEventListener("click", () => {
    unfolded = !unfolded;
    drawFold(model.get("rows"));
  });
  const draw = () => {
    const planned = foreseen(model);
    const scores = model.get("rows").map((row) => ({ ...row, ...planned[row.metric] }));
    const fixed = scores.map(({ metric, label, better, unit, hint }) => [
      metric, label, better, unit, hint,
    ]);
    if (JSON.stringify(fixed) !== shown) {
      shown = JSON.stringify(fixed);
      rows = scores.map((row) => addRow(model, row));
      body.replaceChildren(...rows.map(({ tr }) => tr));
    }
    scores.forEach((row, index) => {
      // While a slider moves, most rows stay as they are, and what is written is laid out again. A
      // target that was refused is in its field, though the row is as it was.
      const said = JSON.stringify(row);
      const refused = rows[index].input.dataset.committed !== String(row.target ?? "");
      if (rows[index].said === said && !refused) return;
      rows[index].said = said;
      paintRow(rows[index], row);
    });
    drawFold(scores);
  };
  model.on("change:rows", draw);
  draw();
  return followHand(model, draw);
}

export default { render };
