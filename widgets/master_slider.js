// One slider for all unlocked layers: it moves along a trade-off.

import { make } from "./dom.js";
import { SliderHand } from "./slider_hand.js";

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
  const hand = new SliderHand(input, (type, stamp) =>
    model.send({ type, position: Number(input.value), version: model.get("version"), stamp }),
  );
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

  input.addEventListener("input", () => describe(true));
  const names = ["labels", "ends", "position", "stamp", "note", "disabled_reason"];
  const heard = names.map((name) => `change:${name}`);
  for (const name of heard) model.on(name, draw);
  draw();
  return () => heard.forEach((name) => model.off(name, draw));
}

export default { render };
