// One slider for all unlocked layers: it moves along a trade-off. A move is numbered by when it was
// made, and what the kernel says of an earlier move is ignored: the thumb never jumps back.

import { make } from "./dom.js";

const MOVE_INTERVAL_MS = 33; // at most about 30 messages a second while dragging

/** Numbers grow over all views and pages of a person's machine. */
let latestMove = 0;
function nextMove() {
  latestMove = Math.max(Date.now(), latestMove + 1);
  return latestMove;
}

class Hand {
  constructor(model, input) {
    Object.assign(this, { model, input, held: false, moved: false, timer: 0, last: 0 });
    this.stamp = 0; // of the last move from here
  }

  send(type) {
    this.stamp = nextMove();
    this.last = performance.now();
    const { stamp } = this;
    const version = this.model.get("version");
    this.model.send({ type, position: Number(this.input.value), version, stamp });
  }

  move() {
    this.moved = true;
    if (this.timer) return;
    const wait = Math.max(0, this.last + MOVE_INTERVAL_MS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.send("move");
    }, wait);
  }

  release() {
    this.held = false;
    if (!this.moved) return;
    clearTimeout(this.timer);
    Object.assign(this, { moved: false, timer: 0 });
    this.send("release");
  }

  /** Whether what the kernel says is older than what the hand did. */
  outranks(stamp) {
    return this.held || this.moved || stamp < this.stamp;
  }
}

function masterParts() {
  const input = make("input", "pw-master-input", {
    type: "range",
    min: 0,
    step: 1,
    "aria-label": "Move all unlocked layers along the trade-off",
    "data-lm-suppress-shortcuts": "true",
    "data-testid": "pw-master",
  });
  const [most, least] = [make("span", "pw-master-end"), make("span", "pw-master-end")];
  const text = make("div", "pw-master-text", { "data-testid": "pw-master-text" });
  const note = make("div", "pw-master-note");
  const line = make("div", "pw-master-line", {}, [most, input, least]);
  return { input, most, least, text, note, line };
}

function render({ model, el }) {
  const parts = masterParts();
  const { input } = parts;
  const hand = new Hand(model, input);
  el.replaceChildren(make("div", "pw-master", {}, [parts.line, parts.text, parts.note]));

  const describe = (own) => {
    const text = model.get("labels")[Number(input.value)] ?? "";
    parts.text.textContent = text;
    input.setAttribute("aria-valuetext", text);
    parts.note.textContent = own ? "" : model.get("note");
  };
  const draw = () => {
    const { length } = model.get("labels");
    const reason = model.get("disabled_reason");
    [parts.most.textContent, parts.least.textContent] = model.get("ends");
    input.max = Math.max(0, length - 1);
    input.disabled = Boolean(reason) || length < 2;
    parts.line.title = reason || "All layers that are not locked, along the chosen trade-off";
    if (!hand.outranks(model.get("stamp"))) {
      input.value = model.get("position");
      describe(false);
    }
  };

  input.addEventListener("input", () => {
    describe(true);
    hand.move();
  });
  input.addEventListener("change", () => hand.release());
  input.addEventListener("blur", () => hand.release());
  input.addEventListener("pointerdown", () => {
    hand.held = true;
    // "change" does not fire when the thumb comes back to where it started.
    const stop = new AbortController();
    const end = () => {
      stop.abort();
      setTimeout(() => hand.release());
    };
    for (const type of ["pointerup", "pointercancel"]) {
      window.addEventListener(type, end, { signal: stop.signal, capture: true });
    }
  });
  const names = ["labels", "ends", "position", "stamp", "note", "disabled_reason"];
  const heard = names.map((name) => `change:${name}`);
  for (const name of heard) model.on(name, draw);
  draw();
  return () => heard.forEach((name) => model.off(name, draw));
}

export default { render };
