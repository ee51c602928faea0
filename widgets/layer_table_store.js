// What all views of one layer table share: the kernel's state, and what is in the user's hand.
// Messages are coalesced here. Attributes of the model are changed on this page only, never saved
// back, so nothing echoes.

import { handOf, placeOf, tellOf } from "./hands.js";

export const MAX_RATIO = 0.99;
const DRAG_INTERVAL_MS = 33; // at most about 30 messages a second while dragging
const FORESEEN_INTERVAL_MS = 150; // where the page knows what a move leads to
const QUIET_MS = 200; // an answer that differs counts once no other follows it
const SILENT_MS = 2000; // no answer by now is agreement
const UNTOUCHED = { ratio: 0, achieved: 0, locked: false, pinned: false };

export class Store {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.hand = handOf(model.get("hand"));
    this.held = this.hand.held; // unit -> ratio in the user's hand, which hides the kernel's
    this.queue = {};
    this.timer = 0;
    this.lastSent = 0;
    this.load();
    model.on("change:rows", () => this.load());
    model.on("change:units", () => this.replaceUnits());
    model.on("change:selected", () => this.showSelected());
    model.on("change:disabled_reason", () => this.disable());
    model.on("msg:custom", (message) => {
      if (message.type === "units") this.receive(message.changes);
    });
  }

  load() {
    const rows = this.model.get("rows");
    const stay = this.rows !== undefined && sameControls(this.rows, rows);
    this.rows = rows;
    if (stay) this.notify("describe");
    else this.begin();
  }

  /** Nothing is in the hand and nothing picked but the selected row. */
  begin() {
    this.units = this.model.get("units");
    this.reason = this.model.get("disabled_reason");
    this.selected = this.model.get("selected");
    this.anchor = this.selected; // where a Shift-click range starts
    this.picked = new Set([this.selected]); // rows that move together
    this.held.clear();
    this.notify("rebuild");
  }

  notify(what, argument) {
    for (const view of this.views) view[what](argument);
    tellOf(this.hand);
  }

  refreshAll() {
    this.notify(
      "refresh",
      this.rows.map((row) => row.unit),
    );
  }

  state(unit) {
    return this.units[unit] || UNTOUCHED;
  }

  /** The ratio to draw: never below what is already gone. */
  ratio(unit) {
    const held = this.held.get(unit);
    return Math.max(held ? held.ratio : this.state(unit).ratio, this.state(unit).achieved);
  }

  movable(unit) {
    return !this.reason && unit in this.units && !this.units[unit].locked;
  }

  receive(changes) {
    for (const [unit, change] of Object.entries(changes)) {
      // In place, so that the model's attribute is what a view opened later starts from.
      this.units[unit] = { ...this.state(unit), ...change };
      if (change.ratio !== undefined) this.hear(unit, change.ratio);
    }
    this.notify("refresh", Object.keys(changes));
  }

  replaceUnits() {
    this.units = this.model.get("units");
    for (const unit of this.held.keys()) if (!(unit in this.units)) this.held.delete(unit);
    for (const [unit, { ratio }] of Object.entries(this.units)) this.hear(unit, ratio);
    this.refreshAll();
  }

  /** What comes right after letting go may answer an earlier position of the same drag. */
  hear(unit, ratio) {
    const held = this.held.get(unit);
    if (!held || !held.released) return;
    if (Math.abs(ratio - held.ratio) < 1e-6) this.held.delete(unit);
    else this.settleIn(QUIET_MS, unit, held);
  }

  settleIn(milliseconds, unit, held) {
    clearTimeout(held.timer);
    held.timer = setTimeout(() => {
      if (this.held.get(unit) !== held) return;
      this.held.delete(unit);
      this.notify("refresh", [unit]);
    }, milliseconds);
  }

  disable() {
    this.reason = this.model.get("disabled_reason");
    this.queue = {};
    this.held.clear();
    this.refreshAll();
  }

  showSelected() {
    const unit = this.model.get("selected");
    if (unit === this.selected) return;
    this.selected = unit;
    this.anchor = unit;
    this.picked = new Set([unit]);
    this.notify("mark", true);
  }

  pick(units, unit) {
    this.picked = new Set(units);
    this.anchor = unit;
    if (unit !== this.selected) {
      this.selected = unit;
      this.model.set("selected", unit);
      this.model.send({ type: "select", unit });
    }
    this.notify("mark", false);
  }

  drag(units, ratio) {
    for (const unit of units) {
      const value = Math.max(ratio, this.state(unit).achieved);
      this.held.set(unit, { ratio: value, released: false });
      this.queue[unit] = value;
    }
    this.notify("refresh", units);
    if (!this.timer) this.schedule();
  }

  /** Sends at once, so that the kernel works while this move is painted; the next ones wait. */
  schedule() {
    const known = placeOf(this.hand, this.hand.foreseen) >= 0;
    const interval = known ? FORESEEN_INTERVAL_MS : DRAG_INTERVAL_MS;
    const wait = this.lastSent + interval - performance.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  flush() {
    this.timer = 0;
    if (Object.keys(this.queue).length === 0) return;
    this.model.send({ type: "drag", ratios: this.queue });
    this.queue = {};
    this.lastSent = performance.now();
  }

  /** Send where everything in the hand was let go; does nothing when the hand is empty. */
  release() {
    const ratios = {};
    for (const [unit, held] of this.held) {
      if (held.released) continue;
      held.released = true;
      ratios[unit] = held.ratio;
      this.units[unit].ratio = held.ratio;
      this.settleIn(SILENT_MS, unit, held);
    }
    this.queue = {};
    if (Object.keys(ratios).length) this.model.send({ type: "release", ratios });
  }

  lock(units, locked) {
    for (const unit of units) this.model.send({ type: "lock", unit, locked });
  }

  unpin(units) {
    for (const unit of units) this.model.send({ type: "unpin", unit });
  }
}

/** Whether rows have the same controls, so that these can stay in the hand that holds them. */
function sameControls(rows, others) {
  const kinds = [rows, others].map((some) =>
    some.map(({ unit, title, prunable, reason, pattern, on_ratio }) => [
      unit,
      title,
      prunable,
      reason,
      pattern,
      on_ratio,
    ]),
  );
  return JSON.stringify(kinds[0]) === JSON.stringify(kinds[1]);
}
