// The channels of one unit: cards to look at, choose, keep and remove. The kernel decides what
// becomes of them. Only the cards in sight exist.

import { makeCard, paintState } from "./channel_view_card.js";
import { listenToCards } from "./channel_view_gestures.js";
import { arranged, chosenImages } from "./channel_view_order.js";
import { ChannelStore } from "./channel_view_store.js";
import { fillToolbar, makeToolbar, paintThumbnails, sayChosen } from "./channel_view_toolbar.js";
import { make, makeButton } from "./dom.js";

const CARD_WIDTH = 178; // at least
const CARD_HEIGHT = 168;
const PADDING = 8; // of a card, on each side, with its border
const SPACE = 8; // between cards

/** One place on the page; keeps order, choice and scroll position, nothing else. */
class ChannelGrid {
  constructor(store, el) {
    this.store = store;
    this.key = "number";
    this.reversed = false;
    this.label = "";
    this.unit = "";
    this.active = 0;
    this.anchor = 0;
    this.chosen = new Set([0]);
    this.order = [];
    this.cards = new Map(); // channel -> the elements of its card
    this.columns = 1;
    this.rowsShown = 1;
    this.build(el);
    listenToCards(this);
    store.views.add(this);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.scroller);
    this.rebuild();
  }

  close() {
    this.store.views.delete(this);
    this.observer.disconnect();
  }

  build(el) {
    this.title = make("div", "pw-channel-title", { role: "status" });
    this.agreement = make("div", "pw-channel-notes");
    this.notice = make("span", "", { role: "status" });
    this.stop = makeButton("pw-channel-action", { text: "Cancel" });
    this.again = makeButton("pw-channel-action", { text: "Look again" });
    this.stop.addEventListener("click", () => this.store.send("cancel"));
    this.again.addEventListener("click", () => this.store.send("look"));
    this.noticeLine = make("div", "pw-channel-notice", {}, [this.notice, this.stop, this.again]);
    this.toolbar = makeToolbar(this);
    this.list = make("div", "pw-channel-list", {
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-label": "Channels",
    });
    this.scroller = make("div", "pw-channel-scroll", {}, [this.list]);
    this.scroller.addEventListener("scroll", () => this.schedule());
    this.root = make("div", "pw-channels", { "data-testid": "pw-channels" }, [
      this.title,
      this.agreement,
      this.noticeLine,
      this.toolbar.node,
      this.scroller,
    ]);
    el.replaceChildren(this.root);
  }

  rebuild() {
    const { atlas, unit } = this.store;
    this.clear();
    this.toolbar.node.hidden = this.scroller.hidden = !atlas;
    if (unit !== this.unit) this.begin(unit);
    if (atlas) {
      fillToolbar(this.toolbar, atlas.about, this);
      paintThumbnails(this.toolbar, this.store, this.label);
      this.arrange();
    }
    this.say();
  }

  begin(unit) {
    this.unit = unit;
    this.active = this.anchor = 0;
    this.chosen = new Set([0]);
    this.scroller.scrollTop = 0;
  }

  /** Other states: cards in sight are repainted; an order by state stays until it is chosen. */
  refresh() {
    for (const parts of this.cards.values()) this.paint(parts);
    this.say();
  }

  paint(parts) {
    const { channel } = parts;
    paintState(parts, this.store, this.chosen.has(channel), channel === this.active);
  }

  say() {
    const { model, atlas, reason } = this.store;
    const { text = "", kind = "" } = model.get("notice");
    const about = atlas?.about;
    this.title.textContent = about ? `${about.unit} · ${model.get("summary")}` : "";
    const notes = about ? [about.agreement, ...about.notes.map(sentence), legend(about)] : [];
    this.agreement.textContent = notes.filter(Boolean).join(" ");
    this.noticeLine.hidden = !text;
    this.noticeLine.dataset.kind = kind;
    this.notice.textContent = text;
    this.stop.hidden = kind !== "progress";
    this.again.hidden = kind !== "error";
    sayChosen(this.toolbar, this.chosen.size, reason);
  }

  sortBy(key, reversed) {
    this.key = key;
    this.reversed = reversed;
    this.clear();
    this.arrange();
    this.scroller.scrollTop = 0;
  }

  showImages(label) {
    this.label = label;
    paintThumbnails(this.toolbar, this.store, label);
    this.clear();
    this.draw();
  }

  clear() {
    const focused = this.list.contains(document.activeElement);
    this.list.replaceChildren();
    this.cards.clear();
    this.refocus = this.refocus || focused;
  }

  arrange() {
    const { atlas, states } = this.store;
    this.order = arranged(this.key, this.reversed, atlas, states);
    this.places = new Map(this.order.map((channel, place) => [channel, place]));
    const { turn } = this.toolbar;
    turn.textContent = this.reversed ? "↓" : "↑";
    turn.setAttribute("aria-pressed", this.reversed);
    this.resize();
  }

  resize() {
    if (!this.store.atlas || !this.scroller.clientWidth) return;
    const width = this.scroller.clientWidth - SPACE;
    const columns = Math.max(1, Math.floor(width / (CARD_WIDTH + SPACE)));
    const wide = width / columns - SPACE;
    if (columns !== this.columns || wide !== this.wide) this.clear();
    this.columns = columns;
    this.wide = wide;
    this.rowsShown = Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight()));
    const rows = Math.ceil(this.order.length / columns);
    this.list.style.height = `${rows * this.rowHeight() + SPACE}px`;
    this.draw();
  }

  rowHeight() {
    return CARD_HEIGHT + SPACE;
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  /** The cards in sight and a row on either side; the active one always, as it may have the focus. */
  draw() {
    if (!this.store.atlas || !this.wide) return;
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight()) - 1) * this.columns;
    const last = (Math.floor((scrollTop + clientHeight) / this.rowHeight()) + 2) * this.columns;
    const wanted = new Set([...this.order.slice(first, last), this.active]);
    for (const [channel, { node }] of this.cards) {
      if (wanted.has(channel)) continue;
      node.remove();
      this.cards.delete(channel);
    }
    const images = chosenImages(this.store.atlas.about, this.label);
    for (const channel of wanted) {
      if (!this.cards.has(channel)) this.place(channel, images);
    }
    if (this.refocus) this.cards.get(this.active)?.node.focus({ preventScroll: true });
    this.refocus = false;
    this.root.dataset.painted = this.store.unit;
  }

  place(channel, images) {
    const parts = makeCard(this.store, channel, images, Math.floor(this.wide) - 2 * PADDING);
    const at = this.places.get(channel);
    const { node } = parts;
    node.style.width = `${this.wide}px`;
    node.style.height = `${CARD_HEIGHT}px`;
    node.style.left = `${SPACE + (at % this.columns) * (this.wide + SPACE)}px`;
    node.style.top = `${SPACE + Math.floor(at / this.columns) * this.rowHeight()}px`;
    node.setAttribute("aria-posinset", at + 1);
    this.cards.set(channel, parts);
    this.paint(parts);
    this.list.append(node);
  }

  /** Go to a channel, and choose it: alone, with all up to it, or in addition. */
  activate(channel, { extend = false, toggle = false, choose = true }) {
    this.active = channel;
    if (extend) {
      const [from, to] = [this.places.get(this.anchor), this.places.get(channel)];
      this.chosen = new Set(this.order.slice(Math.min(from, to), Math.max(from, to) + 1));
    } else if (toggle) {
      if (!this.chosen.delete(channel)) this.chosen.add(channel);
      this.anchor = channel;
    } else if (choose) {
      this.chosen = new Set([channel]);
      this.anchor = channel;
    }
    this.reveal();
    this.refresh();
  }

  chooseAll() {
    this.chosen = new Set(this.order);
    this.refresh();
  }

  walk(step, extend) {
    const place = this.places.get(this.active) + step;
    const last = this.order.length - 1;
    this.activate(this.order[Math.min(last, Math.max(0, place))], { extend });
  }

  /** Scroll the cards, not the page (scrollIntoView would move the notebook). */
  reveal() {
    const { scroller } = this;
    const top = Math.floor(this.places.get(this.active) / this.columns) * this.rowHeight();
    const bottom = top + this.rowHeight() + SPACE;
    if (scroller.scrollTop > top) scroller.scrollTop = top;
    else if (scroller.scrollTop + scroller.clientHeight < bottom) {
      scroller.scrollTop = bottom - scroller.clientHeight;
    }
    this.draw();
    this.cards.get(this.active)?.node.focus({ preventScroll: true });
  }

  pick(type) {
    this.store.pick(type, [...this.chosen].sort((a, b) => a - b));
  }
}

/** What a card shows, from top to bottom. */
function legend(about) {
  const rows = [
    about.weights && "weights",
    about.images.length && "responses to the images",
    about.classes.length && "mean response by class",
    about.criteria.length && "importance by each criterion",
    about.responses && "the most similar channel",
  ];
  return `A card shows: ${rows.filter(Boolean).join(", ")}.`;
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

export default () => {
  let store;
  return {
    initialize({ model }) {
      store = new ChannelStore(model);
      return () => store.observer.disconnect();
    },
    render({ el }) {
      const grid = new ChannelGrid(store, el);
      return () => grid.close();
    },
  };
};
