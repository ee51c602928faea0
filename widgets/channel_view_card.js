// One channel as a card: pictures, answers by class, importances, neighbour, and its state.

import { paintPicture, paintStrip } from "./channel_view_atlas.js";
import { make } from "./dom.js";

export const MAPS = 3; // activation maps on a card
const LARGEST_TILE = 46;
const GAP = 4;
const STRIP_HEIGHT = 22;

export const STATES = {
  kept: { label: "kept", words: "kept by the plan" },
  goes: { label: "goes", words: "would be removed" },
  unknown: { label: "…", words: "not scored yet" },
  "removed-by-hand": { label: "✕ by hand", words: "removed by hand" },
  stays: { label: "✕ stays", words: "removed by hand, but it stays" },
  "kept-by-hand": { label: "✓ by hand", words: "kept by hand" },
  gone: { label: "gone", words: "gone already" },
  "gone-by-hand": { label: "✕ gone", words: "gone already, removed by hand" },
};

export function isGone(state) {
  return state === "gone" || state === "gone-by-hand";
}

export function isPicked(state) {
  return ["removed-by-hand", "kept-by-hand", "stays", "gone-by-hand"].includes(state);
}

function signed(value) {
  return `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;
}

function canvas(className, width, height, title) {
  const node = make("canvas", className, { "aria-hidden": "true", title });
  const scale = Math.max(1, window.devicePixelRatio || 1);
  node.width = Math.round(width * scale);
  node.height = Math.round(height * scale);
  node.style.width = `${width}px`;
  node.style.height = `${height}px`;
  const context = node.getContext("2d");
  context.scale(scale, scale);
  return { node, context };
}

const WEIGHTS_TITLE = {
  rgb: "Weights: the three input channels as red, green, blue",
  signed: "Weights: blue negative, orange positive",
  inputs: "Weights of all inputs, row by row: blue negative, orange positive",
  magnitude: "Weights: mean magnitude over the input channels",
};

/** Weights first, then the maps of the images that were chosen. */
function pictures(store, channel, images, width) {
  const { atlas, colours } = store;
  const count = (atlas.about.weights ? 1 : 0) + images.length;
  if (!count) return [];
  const tile = Math.min(LARGEST_TILE, Math.floor((width + GAP) / (MAPS + 1)) - GAP);
  const titles = [];
  if (atlas.about.weights) titles.push(WEIGHTS_TITLE[atlas.about.weights.kind]);
  if (images.length) {
    const names = images.map((number) => atlas.about.images[number].label);
    titles.push(`Responses to images of ${names.join(", ")}`);
  }
  const { node, context } = canvas(
    "pw-channel-pictures",
    count * (tile + GAP) - GAP,
    tile,
    titles.join(". "),
  );
  let left = 0;
  const paint = (picture) => {
    paintPicture(context, picture, colours, left, tile);
    left += tile + GAP;
  };
  if (atlas.about.weights) paint(atlas.weights(channel));
  for (const number of images) paint(atlas.map(channel, number));
  return [node];
}

function strip(store, channel, width) {
  const { atlas, colours } = store;
  const { classes } = atlas.about;
  if (!atlas.about.responses || !classes.length) return [];
  const values = atlas.strip(channel);
  const best = values.indexOf(Math.max(...values));
  const title =
    `Mean response by class, above and below the channel's average; strongest for ` +
    `${classes[best]}. Classes from left to right: ${classes.join(", ")}`;
  const { node, context } = canvas("pw-channel-strip", width, STRIP_HEIGHT, title);
  paintStrip(context, values, colours, width, STRIP_HEIGHT);
  return [node];
}

function ranks(store, channel) {
  const { atlas } = store;
  const bars = atlas.about.criteria.map(({ name, title, label }, i) => {
    const rank = atlas.rank(i, channel);
    const className = name === store.criterion ? "pw-rank pw-rank-own" : "pw-rank";
    const bar = make("span", "pw-rank-bar");
    bar.style.setProperty("--pw-rank", rank);
    return make("span", className, { title: `${title}: rank ${rank.toFixed(2)} of 0 to 1` }, [
      make("span", "pw-rank-track", {}, [bar]),
      make("span", "pw-rank-label", { text: label }),
    ]);
  });
  return make("div", "pw-ranks", { "aria-hidden": "true" }, bars);
}

function neighbour(store, channel) {
  const other = store.atlas.neighbours?.[channel] ?? -1;
  if (other < 0) return make("div", "pw-neighbour", { text: "like no other" });
  const text = `like #${other} · r ${signed(store.atlas.correlations[channel])}`;
  return make("div", "pw-neighbour", {
    text,
    title: `Its responses correlate most with those of channel ${other}. Double-click to go there`,
    "data-neighbour": other,
  });
}

/** What a screen reader says of a channel. */
export function spokenChannel(store, channel) {
  const { atlas } = store;
  const state = STATES[store.states[channel]]?.words ?? "";
  const parts = [`Channel ${channel}`, state];
  if (!atlas || isGone(store.states[channel]) || Number.isNaN(atlas.rank(0, channel))) {
    return parts.join(", ");
  }
  atlas.about.criteria.forEach(({ title }, i) => {
    parts.push(`${title} ${Math.round(100 * atlas.rank(i, channel))} of 100`);
  });
  const other = atlas.neighbours?.[channel] ?? -1;
  if (other >= 0) {
    parts.push(`most like channel ${other}, correlation ${signed(atlas.correlations[channel])}`);
  }
  return parts.join(", ");
}

/** A card without its state, which `paintState` draws. */
export function makeCard(store, channel, images, width) {
  const known = store.atlas.about.criteria.length && !Number.isNaN(store.atlas.rank(0, channel));
  const parts = { channel, state: make("span", "pw-channel-state") };
  const top = make("div", "pw-channel-top", {}, [
    make("span", "pw-channel-number", { text: `#${channel}` }),
    parts.state,
  ]);
  const body = known
    ? [
        ...pictures(store, channel, images, width),
        ...strip(store, channel, width),
        ranks(store, channel),
        neighbour(store, channel),
      ]
    : [make("div", "pw-channel-empty", { text: "removed in an earlier step" })];
  parts.node = make(
    "div",
    "pw-channel",
    {
      role: "option",
      "data-channel": channel,
      "data-lm-suppress-shortcuts": "true",
      "aria-setsize": store.atlas.size,
    },
    [top, ...body],
  );
  return parts;
}

export function paintState(parts, store, selected, active) {
  const { node, state, channel } = parts;
  const code = store.states[channel];
  const { label, words } = STATES[code] ?? STATES.unknown;
  node.dataset.state = code;
  state.textContent = label;
  state.title = words;
  node.setAttribute("aria-selected", selected);
  node.setAttribute("aria-label", spokenChannel(store, channel));
  node.tabIndex = active ? 0 : -1;
}
