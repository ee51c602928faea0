// What the hands on a page hold, shared by its widgets: what is shown of a slider can follow it before
// the kernel has answered. A hand is known by the name of the table that the slider is in.

const PLACES = 100; // of a slider: a whole percent each
const hands = (window.pwHands ??= new Map());

/**
 * `held`: by unit, its ratio, until the kernel has said it too; `listeners` hear of every change;
 * `foreseen`: the unit of which the page knows what every place leads to, or "".
 */
export function handOf(name) {
  if (!hands.has(name)) hands.set(name, { held: new Map(), listeners: new Set(), foreseen: "" });
  return hands.get(name);
}

export function tellOf(hand) {
  for (const listener of hand.listeners) listener();
}

/** The place of a unit's slider; -1 if it is not the only one held, or between two places. */
export function placeOf({ held }, unit) {
  if (held.size !== 1 || !held.has(unit)) return -1;
  const percent = PLACES * held.get(unit).ratio;
  const place = Math.round(percent);
  return Math.abs(percent - place) < 1e-6 && place < PLACES ? place : -1;
}
