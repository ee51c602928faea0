// In what order channels are shown, and which images their maps are of.

import { MAPS, isGone } from "./channel_view_card.js";

const STATE_ORDER = [
  "removed-by-hand",
  "stays",
  "kept-by-hand",
  "goes",
  "unknown",
  "kept",
  "gone-by-hand",
  "gone",
];

/** Choices of an order: groups of `[key, label]`. */
export function orders(about) {
  const plain = [
    ["number", "Number"],
    ["state", "State"],
  ];
  if (about.responses) plain.push(["correlation", "Strongest correlation"]);
  const groups = [["", plain]];
  const criteria = about.criteria.map(({ name, title }) => [`rank:${name}`, title]);
  if (criteria.length) groups.push(["Importance", criteria]);
  const classes = about.classes.map((label, i) => [`class:${i}`, label]);
  if (classes.length) groups.push(["Response to class", classes]);
  return groups;
}

function valueOf(key, atlas, states) {
  const [kind, which] = key.split(/:(.*)/s);
  if (kind === "rank") {
    const place = atlas.about.criteria.findIndex(({ name }) => name === which);
    return place < 0 ? undefined : (channel) => atlas.rank(place, channel);
  }
  if (kind === "class" && atlas.means) {
    return (channel) => -atlas.preferences(channel)[Number(which)];
  }
  if (kind === "correlation" && atlas.correlations) {
    return (channel) => -Math.abs(atlas.correlations[channel]);
  }
  if (kind === "state") return (channel) => STATE_ORDER.indexOf(states[channel]);
  return undefined;
}

/** Channels from first to last; those that are gone come last, but for the order by number. */
export function arranged(key, reversed, atlas, states) {
  const channels = Array.from({ length: atlas.size }, (_, channel) => channel);
  const value = valueOf(key, atlas, states);
  if (value) {
    const values = channels.map(value);
    const last = (channel) => isGone(states[channel]) || Number.isNaN(values[channel]);
    const sign = reversed ? -1 : 1;
    return channels.sort(
      (a, b) => last(a) - last(b) || sign * (values[a] - values[b]) || a - b,
    );
  }
  return reversed ? channels.reverse() : channels;
}

/** Choices of images: `[key, label]`. */
export function imageChoices(about) {
  const labels = [...new Set(about.images.map(({ label }) => label))];
  return [["", "several classes"], ...labels.map((label) => [label, label])];
}

/** Numbers of the images that maps are shown of. */
export function chosenImages(about, label) {
  const numbers = about.images.map((_, number) => number);
  const own = label ? numbers.filter((number) => about.images[number].label === label) : numbers;
  return own.slice(0, MAPS);
}
