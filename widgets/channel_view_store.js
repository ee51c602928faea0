// What all views of the channels of one unit share: the kernel's state. Nothing is saved back.

import { Atlas, pageIsDark, palettes } from "./channel_view_atlas.js";

const EVENTS = ["described", "atlas"];

export class ChannelStore {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.colours = palettes(pageIsDark());
    this.load();
    for (const name of EVENTS) model.on(`change:${name}`, () => this.reload());
    model.on("change:states", () => this.replaceStates());
    for (const name of ["summary", "notice", "disabled_reason"]) {
      model.on(`change:${name}`, () => this.notify("say"));
    }
    model.on("change:criterion", () => {
      this.criterion = model.get("criterion");
      this.notify("rebuild");
    });
    model.on("msg:custom", (message) => {
      if (message.type === "states" && message.unit === this.unit) this.receive(message.changes);
    });
    this.observer = new MutationObserver(() => this.recolour());
    this.observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  }

  load() {
    const described = this.model.get("described");
    this.criterion = this.model.get("criterion");
    this.states = this.model.get("states");
    this.unit = described.unit ?? "";
    this.atlas = described.size ? new Atlas(described, this.model.get("atlas")) : null;
  }

  /** Description, atlas and states come in one message, and are announced one by one. */
  reload() {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => {
      this.waiting = false;
      this.load();
      this.notify("rebuild");
    });
  }

  replaceStates() {
    if (this.waiting) return;
    this.states = this.model.get("states");
    this.notify("refresh");
  }

  receive(changes) {
    // In place, so that the model's attribute is what a view opened later starts from.
    for (const [state, channels] of Object.entries(changes)) {
      for (const channel of channels) this.states[channel] = state;
    }
    this.notify("refresh");
  }

  recolour() {
    this.colours = palettes(pageIsDark());
    this.notify("rebuild");
  }

  notify(what) {
    for (const view of this.views) view[what]();
  }

  get reason() {
    return this.model.get("disabled_reason");
  }

  pick(type, channels) {
    if (!channels.length || this.reason) return;
    this.model.send({ type, unit: this.unit, channels });
  }

  send(type) {
    this.model.send({ type });
  }
}
