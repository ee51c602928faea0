// Two steps beside each other: their figures, how each was made, and what is left of every layer.

import { make, makeButton } from "./dom.js";

const MEASURES = [
  ["channels", "channels"],
  ["weights", "weights"],
];
const SORTS = [
  ["order", "model's order"],
  ["difference", "largest difference"],
  ["first", "least kept by A"],
  ["second", "least kept by B"],
];

function select(className, label, choices) {
  const options = choices.map(([value, text]) => make("option", "", { value, text }));
  const control = make(
    "select",
    className,
    { "aria-label": label, "data-lm-suppress-shortcuts": "true" },
    options,
  );
  return control;
}

function shares(counts) {
  const [dense, first, second] = counts;
  return [first / dense, second / dense];
}

/** Layers in the order that was asked for; of equal ones the model's. */
export function sortedLayers(layers, measure, sort) {
  const keys = {
    order: () => 0,
    difference: ([first, second]) => -Math.abs(first - second),
    first: ([first]) => first,
    second: ([, second]) => second,
  };
  const key = keys[sort];
  return layers
    .map((layer, place) => [key(shares(layer[measure])), place, layer])
    .sort(([a, i], [b, j]) => a - b || i - j)
    .map(([, , layer]) => layer);
}

function percentOf(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function bar(letter, share, count) {
  const fill = make("span", "pw-kept");
  fill.style.width = `${100 * share}%`;
  return make("span", `pw-bar pw-bar-${letter}`, {}, [
    make("span", "pw-groove", {}, [fill]),
    make("span", "pw-bar-text", { text: `${percentOf(share)} · ${count.toLocaleString("en")}` }),
  ]);
}

function layerRow(layer, measure, chosen) {
  const counts = layer[measure];
  const [first, second] = shares(counts);
  const words =
    `${layer.layer}: A keeps ${counts[1]} and B ${counts[2]} of ${counts[0]} ${measure}` +
    (chosen ? ", its weights are shown" : "");
  const button = makeButton("pw-layer", { "aria-label": words, "aria-pressed": String(chosen) }, [
    make("span", "pw-layer-name", { text: layer.layer, title: `${layer.layer} · ${layer.kind}` }),
    make("span", "pw-bars", {}, [bar("a", first, counts[1]), bar("b", second, counts[2])]),
  ]);
  button.dataset.layer = layer.layer;
  return make("li", "", {}, [button]);
}

class ComparisonPlace {
  constructor(model, el) {
    this.model = model;
    this.measureChosen = "";
    this.build(el);
    this.draw();
  }

  build(el) {
    this.title = make("div", "pw-compared", { role: "status" });
    this.ways = make("ul", "pw-ways");
    this.settings = make("table", "pw-settings", { "aria-label": "How their settings differ" });
    this.metrics = make("table", "pw-metrics", { "aria-label": "Figures of A and B" });
    this.measure = select("pw-measure", "What is counted in each layer", MEASURES);
    this.sort = select("pw-sort-layers", "Order of the layers", SORTS);
    this.measure.addEventListener("change", () => {
      this.measureChosen = this.measure.value;
      this.drawLayers();
    });
    this.sort.addEventListener("change", () => this.drawLayers());
    this.layers = make("ul", "pw-layers", { "aria-label": "Layers" });
    this.layers.addEventListener("click", ({ target }) => this.choose(target));
    this.layers.addEventListener("keydown", (event) => this.walk(event));
    const labelled = (text, control) =>
      make("label", "pw-choice", {}, [make("span", "", { text }), control]);
    this.rest = make("div", "", {}, [
      this.ways,
      this.metrics,
      this.settings,
      make("div", "pw-layers-bar", {}, [
        labelled("Kept", this.measure),
        labelled("in", this.sort),
      ]),
      this.layers,
    ]);
    el.replaceChildren(
      make("div", "pw-comparison", { "data-testid": "pw-comparison" }, [this.title, this.rest]),
    );
    this.root = el.firstChild;
  }

  get described() {
    return this.model.get("described");
  }

  draw() {
    const about = this.described;
    this.rest.hidden = about.first === undefined;
    this.root.dataset.pair = this.rest.hidden ? "" : `${about.first},${about.second}`;
    if (this.rest.hidden) {
      this.title.textContent = "There is one step so far; two can be compared.";
      return;
    }
    const named = (letter, step, title) =>
      make("span", `pw-side pw-side-${letter.toLowerCase()}`, {}, [
        make("b", "", { text: letter }),
        make("span", "", { text: ` step ${step} · ${title}`, title }),
      ]);
    this.title.replaceChildren(
      named("A", about.first, about.first_title),
      named("B", about.second, about.second_title),
    );
    this.ways.replaceChildren(...about.ways.map((text) => make("li", "", { text })));
    this.drawMetrics(about.metrics);
    this.drawSettings(about);
    this.drawLayers();
  }

  drawMetrics(metrics) {
    const head = ["Metric", "A", "B", "B against A"].map((text) =>
      make("th", "", { scope: "col", text }),
    );
    const rows = metrics.map(({ label, hint, first, second, difference, verdict }) =>
      make("tr", "", { "data-metric": label }, [
        make("th", "", { scope: "row", text: label, title: hint }),
        make("td", "", { text: first }),
        make("td", "", { text: second }),
        make("td", verdict && `pw-${verdict}`, { text: difference, title: verdict }),
      ]),
    );
    this.metrics.replaceChildren(
      make("thead", "", {}, [make("tr", "", {}, head)]),
      make("tbody", "", {}, rows),
    );
  }

  drawSettings({ settings, more_settings: more }) {
    const head = ["Setting", "A", "B"].map((text) => make("th", "", { scope: "col", text }));
    const cells = (tag, text) => make(tag, "", { text, title: text });
    const rows = settings.map(([name, first, second]) =>
      make("tr", "", {}, [cells("th", name), cells("td", first), cells("td", second)]),
    );
    if (more) {
      const text = `and ${more} more`;
      rows.push(make("tr", "", {}, [make("td", "pw-more", { colspan: 3, text })]));
    }
    this.settings.hidden = !settings.length;
    this.settings.replaceChildren(
      make("thead", "", {}, [make("tr", "", {}, head)]),
      make("tbody", "", {}, rows),
    );
  }

  /** Channels, unless only single weights went. */
  measured(layers) {
    const cut = layers.some(({ channels }) => shares(channels).some((share) => share < 1));
    const masked = layers.some(({ weights }) => shares(weights).some((share) => share < 1));
    return this.measureChosen || (masked && !cut ? "weights" : "channels");
  }

  drawLayers() {
    const { layers = [] } = this.described;
    const measure = this.measured(layers);
    const chosen = this.model.get("layer");
    const focused = this.layers.contains(document.activeElement);
    this.measure.value = measure;
    const rows = sortedLayers(layers, measure, this.sort.value).map((layer) =>
      layerRow(layer, measure, layer.layer === chosen),
    );
    this.layers.replaceChildren(...rows);
    for (const button of this.buttons()) {
      button.tabIndex = button.dataset.layer === chosen ? 0 : -1;
    }
    if (focused) this.layers.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  }

  buttons() {
    return [...this.layers.querySelectorAll(".pw-layer")];
  }

  choose(target) {
    const { layer } = target.closest(".pw-layer")?.dataset ?? {};
    if (layer !== undefined) this.model.send({ type: "layer", layer });
  }

  walk(event) {
    const buttons = this.buttons();
    const place = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const places = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: last };
    if (place < 0 || !(event.key in places)) return;
    event.preventDefault();
    event.stopPropagation();
    const button = buttons[Math.min(last, Math.max(0, places[event.key]))];
    button.focus({ preventScroll: true });
    this.reveal(button);
    this.choose(button);
  }

  reveal({ offsetTop, offsetHeight }) {
    const { layers } = this;
    const bottom = offsetTop + offsetHeight - layers.clientHeight;
    if (layers.scrollTop > offsetTop) layers.scrollTop = offsetTop;
    else if (layers.scrollTop < bottom) layers.scrollTop = bottom;
  }
}

function render({ model, el }) {
  const place = new ComparisonPlace(model, el);
  const draw = () => place.draw();
  const drawLayers = () => place.drawLayers();
  model.on("change:described", draw);
  model.on("change:layer", drawLayers);
  return () => {
    model.off("change:described", draw);
    model.off("change:layer", drawLayers);
  };
}

export default { render };
