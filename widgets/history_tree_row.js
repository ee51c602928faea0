// One step: what was done, its figures, and what can be done with it.

import { SVG_NAMESPACE, make, makeButton } from "./dom.js";
import { paintGraph } from "./history_tree_graph.js";

const LETTERS = ["A", "B"];
const PENCIL = "✎";

export function makeStep(step) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  svg.setAttribute("class", "pw-step-graph");
  svg.setAttribute("aria-hidden", "true");
  const parts = {
    svg,
    number: make("span", "pw-step-number", { text: step }),
    title: make("span", "pw-step-title"),
    action: make("span", "pw-step-action"),
    remark: make("span", "pw-step-remark"),
    figures: [],
    letter: make("span", "pw-step-letter", { "aria-hidden": "true" }),
    compare: make("input", "pw-step-compare", {
      type: "checkbox",
      "data-lm-suppress-shortcuts": "true",
    }),
    pencil: makeButton("pw-step-edit", { text: PENCIL }),
  };
  const what = make("span", "pw-step-what", {}, [
    make("span", "pw-step-line", {}, [parts.number, parts.title, parts.action]),
    parts.remark,
  ]);
  parts.go = makeButton("pw-step-go pw-history-columns", {}, [what]);
  const side = make("span", "pw-step-side", {}, [parts.letter, parts.compare, parts.pencil]);
  parts.node = make("li", "pw-step", { "data-step": step }, [svg, parts.go, side]);
  return parts;
}

function paintFigures(parts, figures) {
  while (parts.figures.length < figures.length) {
    parts.figures.push(make("span", "pw-step-figure"));
    parts.go.append(parts.figures.at(-1));
  }
  figures.forEach(({ text, title }, i) => {
    parts.figures[i].textContent = text;
    parts.figures[i].title = title;
  });
}

function inWords(row, isCurrent, reason) {
  const named = row.name ? `${row.name}, ${row.action}` : row.action;
  const figures = row.figures.map(({ title }) => title).join(", ");
  const from = row.branches ? `, a branch of step ${row.parent}` : "";
  const where = isCurrent ? ", the current step" : reason ? `, not now: ${reason}` : "";
  return `Step ${row.step}${where}: ${named}${from}; ${figures}`;
}

function hint(row, isCurrent, reason) {
  const when = row.created && new Date(row.created).toLocaleString();
  const click = isCurrent ? "This is the current step." : "Click to go to this step.";
  const lines = [reason && !isCurrent ? `Not now: ${reason}.` : click, ...row.notes, when];
  return lines.filter(Boolean).join("\n");
}

/** Whether Tab comes to the row; arrow keys always do. */
export function setReachable({ go, compare, pencil }, reachable) {
  for (const control of [go, compare, pencil]) control.tabIndex = reachable ? 0 : -1;
}

export function paintStep(parts, row, shared) {
  const { current, chosen, pair, path, reason, fixed, active } = shared;
  const { step, name, action, remark } = row;
  const isCurrent = step === current;
  parts.title.textContent = name || action;
  parts.action.textContent = name ? action : "";
  parts.remark.textContent = remark;
  parts.remark.title = remark;
  parts.remark.hidden = !remark;
  paintFigures(parts, row.figures);
  parts.node.classList.toggle("pw-current", isCurrent);
  parts.node.classList.toggle("pw-aside", !path.has(step));
  parts.go.title = hint(row, isCurrent, reason);
  parts.go.setAttribute("aria-label", inWords(row, isCurrent, reason));
  parts.go.setAttribute("aria-disabled", String(Boolean(reason) && !isCurrent));
  if (isCurrent) parts.go.setAttribute("aria-current", "step");
  else parts.go.removeAttribute("aria-current");
  parts.letter.textContent = LETTERS[pair.indexOf(step)] ?? "";
  parts.compare.checked = chosen.includes(step);
  parts.compare.setAttribute("aria-label", `Compare step ${step}`);
  parts.compare.title = "Compare this step; tick two";
  parts.pencil.setAttribute("aria-label", `Name step ${step}`);
  parts.pencil.title = fixed ? `Not now: ${fixed}.` : "Give it a name and write something down (F2)";
  parts.pencil.setAttribute("aria-disabled", String(Boolean(fixed)));
  setReachable(parts, step === active);
  paintGraph(parts.svg, row, shared);
}
