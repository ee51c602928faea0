// A Bokeh chart on the page. The kernel sends it when a place for it becomes visible, and then what
// changes of it. Bokeh reports each change of a model, whoever made it; back to the kernel goes only
// what a hand has moved, the newest place first and older ones never.

import { drawnByTheKernel, writeChangedStylesOnly } from "./bokeh_styles.js";
import { handOf, placeOf } from "./hands.js";

const SEND_INTERVAL_MS = 33; // at most about 30 messages a second while dragging
// JupyterLab can lose messages while it restores a page; or the kernel is busy, and asked less often.
const ASK_AGAIN_MS = 3000;
const MOST_WAITING = 30; // changes of a chart that nobody sees; with more it is asked for anew when seen
const NEAR_PX = 200; // a chart is drawn before it is scrolled into view

/** Resolves once `ready()` gives something. */
function becoming(ready) {
  return new Promise((resolve) => {
    const look = () => {
      const found = ready();
      if (found) resolve(found);
      else requestAnimationFrame(look);
    };
    look();
  });
}

const HIDDEN_FRAME_MS = 200; // a page in the background has no frames

/** Calls back once the next frame is painted. */
function afterFrame(then) {
  let called = false;
  const once = () => {
    if (!called) then();
    called = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, HIDDEN_FRAME_MS);
}

// Painting a chart takes tens of milliseconds. Of charts that change together, so many are painted in
// one frame as are quick enough by what they took before, at least one: whatever else changed is seen
// soon, and a hand is not kept waiting. The first in a frame has its turn at once, with the rest of
// what changed. Shared by all charts of a page.
const turns = (window.pwChartTurns ??= { places: new Set(), painting: new Set(), begun: 0 });
const FRAME_MS = 60;

function takeTurns() {
  const { places, painting } = turns;
  if (painting.size === 0) turns.begun = performance.now();
  for (const place of places) {
    if (!fits(place)) continue;
    places.delete(place);
    painting.add(place);
    if (painting.size === 1) afterFrame(endFrame);
    try {
      place.applyPending();
    } catch (error) {
      reportError(error); // and the others have their turn
    }
  }
}

function fits(place) {
  const { painting } = turns;
  if (painting.size === 0 || painting.has(place)) return true;
  return [...painting].reduce((sum, { cost }) => sum + cost, place.cost) <= FRAME_MS;
}

function endFrame() {
  const { painting, begun } = turns;
  for (const place of painting) place.cost = (performance.now() - begun) / painting.size;
  painting.clear();
  takeTurns();
}

/** Sends where things were moved to: at once, then at intervals; only the newest place of each. */
class Mover {
  constructor(model) {
    this.model = model;
    this.places = new Map();
    this.timer = 0;
    this.last = 0;
  }

  move(model, attr, value) {
    this.places.set(`${model} ${attr}`, { type: "moved", model, attr, new: value });
    if (this.timer) return;
    const wait = Math.max(0, this.last + SEND_INTERVAL_MS - performance.now());
    this.timer = setTimeout(() => this.flush(), wait);
  }

  flush() {
    this.timer = 0;
    this.last = performance.now();
    for (const place of this.places.values()) this.model.send(place);
    this.places.clear();
  }
}

/** The first steps of an outline; the last point closes the last step at its height. */
function beginning(columns, height, steps) {
  const cut = (values) => Array.from(values).slice(0, steps + 1);
  const found = Object.fromEntries(Object.entries(columns).map(([name, all]) => [name, cut(all)]));
  found[height][steps] = steps > 0 ? found[height][steps - 1] : 0;
  return found;
}

/** One place on the page where a chart is shown. */
class ChartPlace {
  constructor(model, el) {
    this.model = model;
    // An element of its own: what ipywidgets lays out, it may style after this.
    this.el = document.createElement("div");
    this.el.className = "pw-chart-place";
    this.el.style.minHeight = `${model.get("height")}px`;
    el.append(this.el);
    this.id = `${performance.now()} ${Math.random()}`;
    this.asked = 0; // the timer that asks again
    this.document = null;
    this.begun = false; // the chart came, and is built at least
    this.pending = []; // patches whose turn has not come
    this.hand = null; // that it follows
    this.place = -1; // where it has followed it to
    this.drawn = new Map(); // what the kernel has drawn of what follows
    this.cost = 0; // of its last turn, in ms
    this.receiving = false;
    this.seen = false;
    this.closed = false;
    this.mover = new Mover(model);
    this.receive = this.receive.bind(this);
    this.awaitTurn = this.awaitTurn.bind(this);
    this.followHand = this.followHand.bind(this);
    model.on("msg:custom", this.receive);
    model.on("change:follow", this.followHand);
    this.followHand();
    // Not on closed tabs, and not far out of view.
    const near = { scrollMargin: `${NEAR_PX}px` };
    this.watch = new IntersectionObserver((entries) => this.show(entries.at(-1)), near);
    this.watch.observe(this.el);
  }

  show({ isIntersecting }) {
    this.seen = isIntersecting;
    if (!this.seen) return;
    if (this.document) this.awaitTurn();
    else if (!this.asked) this.ask();
  }

  ask(patience = ASK_AGAIN_MS) {
    this.model.send({ type: "open", view: this.id });
    this.asked = setTimeout(() => this.ask(2 * patience), patience);
  }

  receive(message) {
    if (message.type === "document" && message.view === this.id) this.load(message);
    else if (message.type === "patch" && this.begun) {
      this.pending.push(message.patch);
      this.awaitTurn();
    }
  }

  followHand() {
    this.hand?.listeners.delete(this.awaitTurn);
    const { hand } = this.model.get("follow");
    this.hand = hand ? handOf(hand) : null;
    this.hand?.listeners.add(this.awaitTurn);
    this.awaitTurn();
  }

  awaitTurn() {
    if (!this.document) return;
    if (!this.seen) {
      if (this.pending.length > MOST_WAITING) this.forget();
      return;
    }
    turns.places.add(this);
    takeTurns();
  }

  forget() {
    this.clear();
    this.pending = [];
    this.begun = false;
    this.asked = 0;
  }

  applyPending() {
    if (!this.seen) return;
    const patches = this.pending;
    this.pending = [];
    if (this.closed) return;
    this.receiving = true;
    try {
      if (patches.length > 0) this.comeBack();
      for (const patch of patches) this.document.apply_json_patch(patch);
      this.follow();
    } finally {
      this.receiving = false;
    }
  }

  /** Has what follows the slider stand where the hand is, whatever the kernel has drawn. */
  follow() {
    const { unit, followers } = this.model.get("follow");
    const place = this.hand ? placeOf(this.hand, unit) : -1;
    if (place === this.place) return;
    this.place = place;
    if (place < 0) return this.comeBack();
    for (const { model: id, name, values, of, steps } of followers) {
      const model = this.document.get_model_by_id(id);
      if (values) this.override(model, name, values[place]);
      else {
        const { data } = this.document.get_model_by_id(of);
        this.override(model, "data", beginning(data, name, steps[place]));
      }
    }
  }

  override(model, name, value) {
    const key = `${model.id} ${name}`;
    if (!this.drawn.has(key)) this.drawn.set(key, [model, { [name]: model[name] }]);
    model.setv({ [name]: value });
  }

  /** Has everything stand where the kernel drew it last. */
  comeBack() {
    for (const [model, drawn] of this.drawn.values()) model.setv(drawn);
    this.drawn.clear();
    this.place = -1;
  }

  async load({ document: json, heard }) {
    clearTimeout(this.asked);
    if (this.begun) return; // the answer to an earlier question came late
    this.begun = true;
    const version = this.model.get("version");
    const Bokeh = await becoming(() => window.Bokeh?.[version]);
    if (this.closed) return;
    writeChangedStylesOnly(Bokeh);
    const document = Bokeh.require("document").Document.from_json(json);
    drawnByTheKernel(document, Bokeh);
    document.on_change((event) => this.changed(event, heard));
    await Bokeh.require("embed/standalone").add_document_standalone(document, this.el);
    this.document = document;
    if (this.closed) return this.clear();
    this.awaitTurn();
  }

  changed({ model, attr, value }, heard) {
    if (this.receiving || !heard.some(([id, name]) => id === model?.id && name === attr)) return;
    this.mover.move(model.id, attr, value);
  }

  close() {
    this.closed = true;
    clearTimeout(this.asked);
    this.watch.disconnect();
    this.model.off("msg:custom", this.receive);
    this.model.off("change:follow", this.followHand);
    this.hand?.listeners.delete(this.awaitTurn);
    this.clear();
    this.el.remove();
  }

  clear() {
    this.document?.views_manager?.clear();
    this.drawn.clear();
    this.place = -1;
    const known = window.Bokeh?.documents ?? [];
    if (known.includes(this.document)) known.splice(known.indexOf(this.document), 1);
    this.document = null;
  }
}

function render({ model, el }) {
  const place = new ChartPlace(model, el);
  return () => place.close();
}

export default { render };
