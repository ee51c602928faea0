// The colours of a slider's track: accuracy at every ratio, as a scan measured it.

import { make, percent } from "./dom.js";
import { MAX_RATIO } from "./layer_table_store.js";

// Blue to orange by way of grey: told apart without red and green, on light pages and dark ones.
const COLOURS = [
  [213, 94, 0],
  [230, 159, 0],
  [200, 205, 200],
  [86, 180, 233],
  [0, 114, 178],
];

/** The colour of a level in [0, 1]. */
function colour(level) {
  const place = Math.min(1, Math.max(0, level)) * (COLOURS.length - 1);
  const below = Math.min(COLOURS.length - 2, Math.floor(place));
  const share = place - below;
  const mixed = COLOURS[below].map((from, i) => from + share * (COLOURS[below + 1][i] - from));
  return `rgb(${mixed.map(Math.round).join(" ")})`;
}

/** The accuracy between measured points, in [0, 1]. */
export function accuracyAt(cliff, ratio) {
  const after = cliff.findIndex(([at]) => at >= ratio);
  if (after === 0) return cliff[0][1];
  if (after < 0) return cliff[cliff.length - 1][1];
  const [[left, low], [right, high]] = [cliff[after - 1], cliff[after]];
  return low + ((ratio - left) / (right - left)) * (high - low);
}

/** A CSS image for the track: blue where accuracy is that of ratio 0, orange where it is lost. */
export function cliffImage(cliff) {
  const whole = cliff[0][1] || 1;
  const stops = cliff.map(([ratio, accuracy]) => {
    const place = (100 * ratio) / MAX_RATIO;
    return `${colour(accuracy / whole)} ${place.toFixed(1)}%`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** What the colour under the thumb means, in words; empty where nothing was measured. */
export function cliffWords(cliff, ratio) {
  if (!cliff.length || ratio <= 0) return "";
  return `alone: about ${percent(accuracyAt(cliff, ratio))} accuracy on the probe set`;
}

/** What the colours mean, for a table in which some row was scanned. */
export function cliffLegend() {
  const ends = [[0, 1], [MAX_RATIO, 0]];
  const bar = make("span", "pw-legend-bar");
  bar.style.setProperty("--pw-legend-image", cliffImage(ends));
  const title = "Tracks show the accuracy on the probe set if only that layer is pruned so far";
  return make("div", "pw-legend", { title, hidden: "" }, [
    make("span", "", { text: "accuracy kept" }),
    bar,
    make("span", "", { text: "lost" }),
  ]);
}
