// What hands do to the rows of a layer table: pick, drag, switch, type, lock, and the keyboard's
// way. A slider in the hand sends drags; letting go, Enter and lifting a key send a release.

import { percent } from "./dom.js";
import { paintControls } from "./layer_table_controls.js";
import { MAX_RATIO } from "./layer_table_store.js";

const KEY_STEPS = {
  ArrowLeft: -0.01,
  ArrowDown: -0.01,
  ArrowRight: 0.01,
  ArrowUp: 0.01,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1,
};
const CARET_KEYS = ["ArrowLeft", "ArrowRight", "Home", "End"];
const LARGEST_TYPED = 0.999;

/** Listen to the rows of `view` as a whole: 160 rows need no listeners of their own. */
export function listen(view) {
  const { table, store } = view;
  const on = (type, action, options) => {
    const listener = (event) => {
      if (type === "input" || type === "keydown") view.mistake = "";
      const tr = event.target.closest("tr[data-unit]");
      if (tr) action(view, event, view.parts.get(tr.dataset.unit));
    };
    table.addEventListener(type, listener, options);
  };
  on("mousedown", (_, event) => event.shiftKey && event.preventDefault()); // no text selection
  on("click", click);
  on("pointerdown", grab);
  on("input", input);
  on("change", change);
  on("keydown", key);
  on("keyup", (_, event) => event.key in KEY_STEPS && store.release());
  on("focusout", leave);
  // Chrome changes a focused number when the wheel turns: scrolling must not prune.
  const still = (_, { target }, { number }) => target === number && number.blur();
  on("wheel", still, { passive: true });
}

/** The units a gesture on one is about: every picked one on screen, if it is one of them. */
function together({ order, store }, unit) {
  const units = store.picked.has(unit) ? order.filter((other) => store.picked.has(other)) : [unit];
  return units.filter((other) => other in store.units);
}

function move(view, unit, ratio) {
  const units = together(view, unit).filter((other) => view.store.movable(other));
  view.store.drag(units, ratio);
}

function click(view, event, { lock, pin, row }) {
  const { store } = view;
  if (lock && lock.contains(event.target)) {
    store.lock(together(view, row.unit), !store.state(row.unit).locked);
  } else if (pin && pin.contains(event.target)) {
    store.unpin(together(view, row.unit).filter((unit) => store.state(unit).pinned));
  } else if (!event.target.closest("input, label")) {
    pick(view, event, row.unit);
  }
}

function pick({ order, store }, { shiftKey, ctrlKey, metaKey }, unit) {
  const { anchor, selected } = store;
  const [from, to] = [order.indexOf(anchor), order.indexOf(unit)];
  if (shiftKey && from >= 0) {
    store.pick(order.slice(Math.min(from, to), Math.max(from, to) + 1), unit);
    store.anchor = anchor;
  } else if (ctrlKey || metaKey) {
    const picked = new Set(store.picked);
    if (!picked.delete(unit) || picked.size === 0) picked.add(unit);
    store.pick(picked, picked.has(unit) ? unit : selected);
  } else {
    store.pick([unit], unit);
  }
}

/** Touching a row's controls selects it, and keeps the rows that move with it. */
function touch({ store }, unit) {
  store.pick(store.picked.has(unit) ? store.picked : [unit], unit);
}

function grab(view, { target }, { row, slider, number }) {
  if (!slider || slider.disabled || (target !== slider && target !== number)) return;
  touch(view, row.unit);
  // "change" does not fire when the thumb comes back to where it started.
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    setTimeout(() => view.store.release());
  };
  for (const type of ["pointerup", "pointercancel"]) {
    window.addEventListener(type, end, { signal: stop.signal, capture: true });
  }
}

function input(view, { target }, { row, slider, number, tr }) {
  if (target === slider) move(view, row.unit, Number(slider.value));
  else if (target === number) tr.classList.add("pw-typing");
}

function change(view, { target }, parts) {
  if (target === parts.slider) view.store.release();
  else if (target === parts.toggle) turn(view, parts);
  else if (parts.tr.classList.contains("pw-typing")) typed(view, parts);
}

function turn(view, { row, toggle }) {
  touch(view, row.unit);
  move(view, row.unit, toggle.checked ? row.on_ratio : 0);
  view.store.release();
}

function typed(view, parts) {
  const { unit } = parts.row;
  const ratio = parts.number.valueAsNumber / 100;
  const { achieved } = view.store.state(unit);
  restore(view, parts);
  if (!(ratio >= 0 && ratio < 1)) {
    view.refuse("A pruning ratio is at least 0 % and below 100 %");
  } else if (ratio < Math.round(achieved * 1000) / 1000) {
    view.refuse(`${percent(achieved)} of this layer is already removed: Undo brings it back`);
  } else {
    touch(view, unit);
    move(view, unit, Math.min(ratio, LARGEST_TYPED));
    view.store.release();
  }
}

function leave(view, { target }, parts) {
  view.store.release();
  if (target === parts.number) restore(view, parts);
}

function restore(view, parts) {
  parts.tr.classList.remove("pw-typing");
  paintControls(parts, view.store);
}

function key(view, event, parts) {
  if (event.key === "Escape") {
    restore(view, parts);
    view.store.pick([view.store.selected], view.store.selected);
  } else if (event.key === "Enter" && event.target === parts.number) {
    change(view, event, parts);
  } else if (event.target.closest(".pw-name")) {
    walk(view, event, parts.row.unit);
  } else if (event.key in KEY_STEPS) {
    step(view, event, parts);
  }
}

/** Up and down go through the names like through a list. */
function walk({ order, parts }, event, unit) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const next = parts.get(order[order.indexOf(unit) + by]);
  if (next) next.tr.querySelector(".pw-name").focus();
}

function step(view, event, { row, tr, slider, number }) {
  const { target } = event;
  if (target !== slider && (target !== number || CARET_KEYS.includes(event.key))) return;
  event.preventDefault();
  const typing = tr.classList.contains("pw-typing") ? number.valueAsNumber / 100 : NaN;
  const from = Number.isFinite(typing) ? typing : view.store.ratio(row.unit);
  const to = Math.round((from + KEY_STEPS[event.key]) * 1000) / 1000;
  tr.classList.remove("pw-typing");
  touch(view, row.unit);
  move(view, row.unit, Math.min(MAX_RATIO, Math.max(0, to)));
}
