// The controls of a row: a slider with its number, or a switch where a layer is on or off; then
// the pin and the lock.

import { drawing, make, makeButton, makeCell, percent, put } from "./dom.js";
import { cliffImage, cliffWords } from "./layer_table_cliff.js";
import { MAX_RATIO } from "./layer_table_store.js";

const LOCK_CLOSED = "M4.9 7V5a3.1 3.1 0 0 1 6.2 0v2M3.5 7h9v6.5h-9z";
const LOCK_OPEN = "M4.9 7V4.6a3.1 3.1 0 0 1 5.9-1.4M3.5 7h9v6.5h-9z";
const PIN = "M5.5 2.5h5M6.5 2.5v4.2L4.5 9.5h7l-2-2.8V2.5M8 9.5v4.2";
const SMALLEST_DIFFERENCE = 0.005; // less is the same percentage

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

function toggle({ title, pattern }) {
  return make("input", "pw-switch", {
    type: "checkbox",
    role: "switch",
    "data-testid": "pw-switch",
    "data-lm-suppress-shortcuts": "true",
    "aria-label": `Prune ${title} to ${pattern}`,
  });
}

function lock(title) {
  const attributes = { "data-testid": "pw-lock", "aria-label": `Lock ${title}` };
  return makeButton("pw-lock", attributes, [
    drawing("pw-icon pw-icon-open", "0 0 16 16", LOCK_OPEN),
    drawing("pw-icon pw-icon-closed", "0 0 16 16", LOCK_CLOSED),
  ]);
}

function pin(title) {
  const attributes = { "data-testid": "pw-unpin", "aria-label": `Unpin ${title}` };
  return makeButton("pw-pin", attributes, [drawing("pw-icon", "0 0 16 16", PIN)]);
}

/** The controls, kept by name in `parts`; or the reason why there are none. */
export function ratioCell(row, parts) {
  if (!row.prunable) {
    const text = `Not prunable: ${row.reason}`;
    return makeCell("pw-ratio-cell", {}, [make("div", "pw-reason", { text, title: text })]);
  }
  parts.lock = lock(row.title);
  parts.outcome = make("span", "pw-outcome");
  const own = row.pattern ? switchControls(row, parts) : sliderControls(row, parts);
  const controls = make("div", "pw-controls", {}, [...own, parts.lock]);
  return makeCell("pw-ratio-cell", {}, [controls]);
}

function sliderControls(row, parts) {
  parts.slider = slider(row.title);
  parts.number = number(row.title);
  parts.pin = pin(row.title);
  parts.track = make("span", "pw-track", {}, [make("span", "pw-fill"), make("span", "pw-gone")]);
  const percentSign = make("span", "pw-unit", { text: "%" });
  return [
    make("span", "pw-slider-box", {}, [parts.track, parts.slider]),
    parts.pin,
    make("span", "pw-figures", {}, [
      make("label", "pw-number-box", {}, [parts.number, percentSign]),
      parts.outcome,
    ]),
  ];
}

function switchControls(row, parts) {
  parts.toggle = toggle(row);
  parts.choice = make("span", "pw-choice");
  return [make("label", "pw-switch-box", {}, [parts.toggle, parts.choice]), parts.outcome];
}

/** Draw the state of a row's controls; text being typed is left alone. */
export function paintControls(parts, store) {
  const { row, tr } = parts;
  paintPicked(parts.picked, store.state(row.unit).picked ?? "");
  if (!row.prunable) return;
  const { locked } = store.state(row.unit);
  const ratio = store.ratio(row.unit);
  if (parts.toggle) paintSwitch(parts, store, ratio > 0);
  else paintSlider(parts, store, ratio);
  paintLock(parts.lock, store.reason, locked);
  tr.classList.toggle("pw-locked", locked);
}

function paintPicked(badge, words) {
  put(badge, { hidden: !words, textContent: words ? "by hand" : "", title: words });
}

function paintSlider({ row, tr, track, slider, number, pin, outcome }, store, ratio) {
  const state = store.state(row.unit);
  const { achieved, locked, pinned, note = "", cliff = [] } = state;
  const leadsTo = state.outcome ?? ratio;
  const text = String(Math.round(ratio * 1000) / 10);
  const gone = achieved > 0 ? `${percent(achieved)} already removed` : "";
  const differs = note && !locked && Math.abs(leadsTo - ratio) >= SMALLEST_DIFFERENCE;
  const becomes = differs ? `loses ${percent(leadsTo)}: ${note}` : "";
  const expected = cliffWords(cliff, ratio);
  const why = store.reason || (locked ? "Locked" : spoken([becomes || gone, expected]));
  slider.value = ratio;
  slider.setAttribute("aria-valuetext", spoken([`${text} percent`, gone, becomes, expected]));
  paintTrack(track, ratio, achieved, cliff);
  if (!tr.classList.contains("pw-typing")) number.value = text;
  for (const control of [slider, number]) {
    put(control, { disabled: !store.movable(row.unit), title: why });
  }
  put(outcome, { textContent: differs ? `→ ${percent(leadsTo)}` : "", title: becomes });
  put(pin, {
    hidden: !pinned,
    disabled: Boolean(store.reason),
    title: store.reason || "Pinned at a ratio of its own. Unpin: rank it with all layers again",
  });
}

/** On the track itself: what inherits a custom property is styled anew when it changes. */
function paintTrack(track, ratio, achieved, cliff) {
  track.classList.toggle("pw-scanned", cliff.length > 0);
  track.style.setProperty("--pw-ratio", Math.min(1, ratio / MAX_RATIO));
  track.style.setProperty("--pw-achieved", Math.min(1, achieved / MAX_RATIO));
  if (cliff.length) track.style.setProperty("--pw-track-image", cliffImage(cliff));
  else track.style.removeProperty("--pw-track-image");
}

function paintSwitch({ row, toggle, choice, outcome }, store, on) {
  const { achieved, locked, note = "" } = store.state(row.unit);
  const gone = achieved > 0 ? `Already ${row.pattern}: Undo brings the weights back` : "";
  const why = store.reason || gone || (locked ? "Locked" : "");
  const title = why || `Keep ${row.pattern.replace(":", " of every ")} weights, or all`;
  const said = gone ? "carried out" : locked ? "" : note;
  put(toggle, { checked: on, disabled: !store.movable(row.unit) || achieved > 0, title });
  put(choice, { textContent: on ? row.pattern : "dense" });
  put(outcome, { textContent: said, title: gone || said });
}

function paintLock(lock, reason, locked) {
  const title = reason || (locked ? "Unlock" : "Lock: leave this layer as it is");
  put(lock, { disabled: Boolean(reason), ariaPressed: String(Boolean(locked)), title });
}

function spoken(parts) {
  return parts.filter(Boolean).join(", ");
}
