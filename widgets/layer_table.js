// The table of all layers: search, sort, pick, drag. The kernel decides what becomes of it.

import { make, makeButton, makeCell, put } from "./dom.js";
import { listen } from "./layer_table_gestures.js";
import { cliffLegend } from "./layer_table_cliff.js";
import { paintControls } from "./layer_table_controls.js";
import { columns, describeAgain, makeRow } from "./layer_table_row.js";
import { Store } from "./layer_table_store.js";

const MISTAKE_MS = 6000;
const SECTION = 20; // rows

/** One place on the page where a table is shown; keeps its search and sort order, nothing else. */
class View {
  constructor(store, el) {
    this.store = store;
    this.query = "";
    this.sort = { key: "name", descending: false };
    this.parts = new Map(); // unit -> the elements of its row
    this.order = []; // units on screen, from top to bottom
    this.mistake = "";
    this.build(el);
    this.listenToHead();
    listen(this);
    store.views.add(this);
    this.rebuild();
  }

  build(el) {
    this.search = make("input", "pw-search", {
      type: "search",
      placeholder: "Search layers",
      "aria-label": "Search layers",
    });
    this.status = make("div", "pw-status", { role: "status" });
    this.head = make("tr", "", { role: "row" });
    this.table = make("table", "", { role: "table", "aria-label": "Layers" }, [
      make("thead", "", { role: "rowgroup" }, [this.head]),
    ]);
    this.scroller = make("div", "pw-scroll", {}, [this.table]);
    this.legend = cliffLegend();
    const toolbar = make("div", "pw-toolbar", {}, [this.search, this.legend, this.status]);
    const root = make("div", "pw-layer-table", { "data-testid": "pw-layer-table" }, [
      toolbar,
      this.scroller,
    ]);
    el.replaceChildren(root);
  }

  drawHead() {
    const cells = columns(this.store.rows).map(({ key, label, className, title }) => {
      const head = { role: "columnheader", scope: "col", title };
      if (!key) return make("th", className, { ...head, text: label });
      const direction = this.sort.descending ? "descending" : "ascending";
      const sorted = this.sort.key === key ? direction : "none";
      const button = makeButton("pw-sort", { text: label, "data-key": key });
      return make("th", className, { ...head, "aria-sort": sorted }, [button]);
    });
    this.head.replaceChildren(...cells);
  }

  listenToHead() {
    this.head.addEventListener("click", ({ target }) => {
      if (target.dataset.key) this.sortBy(target.dataset.key);
    });
    this.search.addEventListener("input", () => {
      this.query = this.search.value.trim().toLowerCase();
      this.arrange();
    });
  }

  sortBy(key) {
    const descending = this.sort.key === key ? !this.sort.descending : key !== "name";
    this.sort = { key, descending };
    this.drawHead();
    this.head.querySelector(`[data-key="${key}"]`).focus();
    this.arrange();
  }

  largest() {
    const largest = { parameters: 0, macs: 0, latency: 0 };
    for (const row of this.store.rows) {
      largest.parameters = Math.max(largest.parameters, row.parameters_share);
      largest.macs = Math.max(largest.macs, row.macs_share);
      largest.latency = Math.max(largest.latency, row.latency_share ?? 0);
    }
    return largest;
  }

  /** The same rows with other figures: sliders stay where they are, also in the hand. */
  describe() {
    const largest = this.largest();
    for (const row of this.store.rows) {
      const parts = this.parts.get(row.unit);
      describeAgain(parts, row, largest);
      paintControls(parts, this.store);
    }
    if (this.store.held.size === 0) this.arrange();
  }

  rebuild() {
    const largest = this.largest();
    this.parts.clear();
    for (const row of this.store.rows) {
      const parts = makeRow(row, largest);
      this.parts.set(row.unit, parts);
      paintControls(parts, this.store);
    }
    this.drawHead();
    this.arrange();
    this.mark(true);
  }

  refresh(units) {
    for (const unit of units) {
      if (this.parts.has(unit)) paintControls(this.parts.get(unit), this.store);
    }
    this.say();
  }

  mark(reveal) {
    const { picked, selected } = this.store;
    for (const [unit, { tr }] of this.parts) {
      tr.classList.toggle("pw-picked", picked.size > 1 && picked.has(unit));
      tr.classList.toggle("pw-selected", unit === selected);
      if (unit === selected) tr.setAttribute("aria-current", "true");
      else tr.removeAttribute("aria-current");
    }
    if (reveal && this.order.includes(selected)) this.reveal(this.parts.get(selected).tr);
    this.say();
  }

  /** Scroll the table, not the page (scrollIntoView would move the notebook). */
  reveal(tr) {
    const { scroller } = this;
    const [seen, head, row] = [scroller, this.head, tr].map((el) => el.getBoundingClientRect());
    const bottom = seen.top + scroller.clientTop + scroller.clientHeight;
    if (row.top < head.bottom) scroller.scrollTop -= head.bottom - row.top;
    else if (row.bottom > bottom) scroller.scrollTop += row.bottom - bottom;
  }

  sortValue({ row }) {
    if (this.sort.key !== "ratio") return row[this.sort.key];
    return row.prunable ? this.store.ratio(row.unit) : -1;
  }

  arrange() {
    const shown = [...this.parts.values()].filter(({ text }) => text.includes(this.query));
    if (this.sort.key !== "name") shown.sort((a, b) => this.sortValue(a) - this.sortValue(b));
    if (this.sort.descending) shown.reverse();
    this.order = shown.map(({ row }) => row.unit);
    const none = makeCell("pw-empty", { text: "No layer matches the search" });
    const empty = make("tr", "", { role: "row" }, [none]);
    const wanted = shown.length ? shown.map(({ tr }) => tr) : [empty];
    const there = [...this.table.tBodies].flatMap((body) => [...body.children]);
    // A slider that is taken out and put back falls out of the hand.
    if (wanted.length !== there.length || wanted.some((tr, place) => tr !== there[place])) {
      this.table.replaceChildren(this.table.tHead, ...sections(wanted));
    }
    this.say();
  }

  /** The line beside the search box: a mistake first, then why nothing moves, then counts. */
  say() {
    const { store, order } = this;
    const together = order.filter((unit) => store.picked.has(unit)).length;
    const all = this.parts.size;
    const count = order.length === all ? `${all} layers` : `${order.length} of ${all} layers`;
    const calm = together > 1 ? `${together} layers move together` : count;
    const text = this.mistake || store.reason || calm;
    put(this.status, { textContent: text, title: text });
    const scanned = store.rows.some(({ unit }) => store.state(unit).cliff?.length);
    put(this.legend, { hidden: !scanned });
    this.status.classList.toggle("pw-mistake", Boolean(this.mistake));
    this.status.classList.toggle("pw-notice", !this.mistake && Boolean(store.reason));
  }

  refuse(mistake) {
    this.mistake = mistake;
    this.say();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.mistake = "";
      this.say();
    }, MISTAKE_MS);
  }
}

/** Rows in bodies of which the browser skips those out of sight, each as a whole. */
function sections(rows) {
  const bodies = [];
  for (let from = 0; from < rows.length; from += SECTION) {
    const part = rows.slice(from, from + SECTION);
    const body = make("tbody", "", { role: "rowgroup" }, part);
    body.style.setProperty("--pw-rows", part.length);
    bodies.push(body);
  }
  return bodies;
}

export default () => {
  let store;
  return {
    initialize({ model }) {
      store = new Store(model);
    },
    render({ el }) {
      const view = new View(store, el);
      return () => store.views.delete(view);
    },
  };
};
