// The history: a row for each step, with the lines of the tree beside it. The kernel decides what
// becomes of a click; here is only which row has the focus and which one is being written in.

import { make, makeButton } from "./dom.js";
import { openEditor } from "./history_tree_editor.js";
import { graphWidth, lanes, walkedLines } from "./history_tree_graph.js";
import { makeStep, paintStep, setReachable } from "./history_tree_row.js";

/** One place on the page. */
class HistoryView {
  constructor(model, el) {
    this.model = model;
    this.parts = new Map(); // step -> the elements of its row
    this.rows = [];
    this.active = model.get("current"); // the row that Tab goes to
    this.editing = null;
    this.asked = false;
    this.build(el);
    this.rebuild();
  }

  build(el) {
    this.count = make("span", "pw-history-count", { role: "status" });
    this.save = makeButton("pw-history-save", {
      text: "Save CSV",
      title: "Save all steps with all their figures as a table",
      "data-testid": "pw-save-csv",
    });
    this.save.addEventListener("click", () => {
      this.asked = true;
      this.model.send({ type: "csv" });
    });
    const names = this.model.get("headings").map((text) => make("span", "", { text }));
    this.head = make("div", "pw-history-head", { "aria-hidden": "true" }, [
      make("span", "pw-history-graph-head"),
      make("span", "pw-history-columns", {}, [make("span", "pw-history-what"), ...names]),
      make("span", "pw-history-side-head", { text: "compare" }),
    ]);
    this.list = make("ol", "pw-history-list", { "aria-label": "Steps, branches set in" });
    this.scroller = make("div", "pw-history-scroll", {}, [this.head, this.list]);
    this.root = make("div", "pw-history", { "data-testid": "pw-history" }, [
      make("div", "pw-history-toolbar", {}, [this.count, this.save]),
      this.scroller,
    ]);
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", ({ target }) => {
      if (target.closest(".pw-step-go")) this.edit(stepOf(target));
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", ({ target }) => this.activate(stepOf(target)));
    this.observer = new ResizeObserver(() => this.reveal(this.model.get("current")));
    this.observer.observe(this.root);
    el.replaceChildren(this.root);
  }

  rebuild() {
    this.rows = this.model.get("rows");
    const shown = new Set(this.rows.map(({ step }) => step));
    for (const [step, { node }] of this.parts) {
      if (!shown.has(step)) {
        node.remove();
        this.parts.delete(step);
      }
    }
    // A row in its place is left there: what is being typed in it keeps the focus.
    this.rows.forEach(({ step }, place) => {
      if (!this.parts.has(step)) this.parts.set(step, makeStep(step));
      const { node } = this.parts.get(step);
      const there = this.list.children[place];
      if (there !== node) this.list.insertBefore(node, there ?? null);
    });
    if (!shown.has(this.active)) this.active = this.model.get("current");
    this.paint();
  }

  paint() {
    const [current, chosen, pair] = ["current", "chosen", "pair"].map((n) => this.model.get(n));
    const width = graphWidth(this.rows);
    this.root.style.setProperty("--pw-graph", `${width}px`);
    const parents = new Map(this.rows.map(({ step, parent }) => [step, parent]));
    const path = new Set();
    for (let step = current; step !== null && step !== undefined; step = parents.get(step)) {
      path.add(step);
    }
    const reason = this.model.get("disabled_reason");
    const fixed = this.model.get("fixed_reason");
    const walked = walkedLines(this.rows, path);
    const deepest = lanes(this.rows);
    const { active } = this;
    const shared = { current, chosen, pair, path, walked, width, deepest, reason, fixed, active };
    for (const row of this.rows) paintStep(this.parts.get(row.step), row, shared);
    const { length } = this.rows;
    const ends = this.rows.filter(({ ends }) => ends).length;
    const branches = ends > 1 ? ` · ${ends} branches` : "";
    this.count.textContent = `${length} step${length > 1 ? "s" : ""}${branches}`;
    this.root.dataset.current = current;
    this.root.dataset.steps = length;
  }

  click({ target, shiftKey }) {
    const step = stepOf(target);
    if (step === null || target.closest(".pw-step-editor")) return;
    if (target.closest(".pw-step-edit")) this.edit(step);
    else if (target.closest(".pw-step-compare")) this.toggle(step);
    else if (target.closest(".pw-step-go")) {
      if (shiftKey) this.toggle(step);
      else this.go(step);
    }
  }

  go(step) {
    if (step === this.model.get("current") || this.model.get("disabled_reason")) return;
    this.model.send({ type: "go", step });
  }

  /** Of more than two, the ones chosen last count. */
  toggle(step) {
    const chosen = this.model.get("chosen");
    const others = chosen.filter((other) => other !== step);
    const steps = others.length < chosen.length ? others : [...others, step].slice(-2);
    this.model.send({ type: "compare", steps });
  }

  edit(step) {
    if (this.model.get("fixed_reason")) return;
    this.editing?.close();
    const row = this.rows.find((other) => other.step === step);
    const parts = this.parts.get(step);
    this.editing = openEditor(parts, row, this.model.get("longest"), (texts) => {
      this.editing = null;
      if (texts) this.model.send({ type: "rename", step, ...texts });
      parts.go.focus({ preventScroll: true });
    });
  }

  key(event) {
    const { target, key } = event;
    const step = stepOf(target);
    if (step === null || target.closest(".pw-step-editor")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = this.rows.findIndex((row) => row.step === step);
    const last = this.rows.length - 1;
    const places = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: last };
    if (key in places) this.focus(Math.min(last, Math.max(0, places[key])));
    else if (key === "F2") this.edit(step);
    else if (key === "c" || key === "C") this.toggle(step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  focus(place) {
    const { step } = this.rows[place];
    this.parts.get(step).go.focus({ preventScroll: true });
    this.reveal(step);
  }

  activate(step) {
    if (step === null || step === this.active) return;
    setReachable(this.parts.get(this.active), false);
    setReachable(this.parts.get(step), true);
    this.active = step;
  }

  /** Scroll the list, not the page (scrollIntoView would move the notebook). */
  reveal(step) {
    const { scroller } = this;
    const node = this.parts.get(step)?.node;
    if (!node || !scroller.clientHeight) return;
    const top = node.offsetTop - this.head.offsetHeight;
    const bottom = node.offsetTop + node.offsetHeight - scroller.clientHeight;
    if (scroller.scrollTop > top) scroller.scrollTop = top;
    else if (scroller.scrollTop < bottom) scroller.scrollTop = bottom;
  }

  moved() {
    if (!this.list.contains(document.activeElement)) this.active = this.model.get("current");
    this.paint();
    this.reveal(this.model.get("current"));
  }

  receive({ type, name, text }) {
    if (type !== "csv" || !this.asked) return;
    this.asked = false;
    const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    const link = make("a", "", { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url));
  }
}

function stepOf(target) {
  const row = target.closest("[data-step]");
  return row ? Number(row.dataset.step) : null;
}

function render({ model, el }) {
  const view = new HistoryView(model, el);
  const heard = [
    ["change:rows", () => view.rebuild()],
    ["change:current", () => view.moved()],
    ["change:chosen", () => view.paint()],
    ["change:pair", () => view.paint()],
    ["change:disabled_reason", () => view.paint()],
    ["change:fixed_reason", () => view.paint()],
    ["msg:custom", (message) => view.receive(message)],
  ];
  for (const [name, listener] of heard) model.on(name, listener);
  return () => {
    view.observer.disconnect();
    for (const [name, listener] of heard) model.off(name, listener);
  };
}

export default { render };
