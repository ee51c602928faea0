// A slider with its number, in percent, for one pruning ratio.

import { make } from "./dom.js";
import { SliderHand } from "./slider_hand.js";

const LARGEST_PERCENT = 99.9;

function ratioParts(title) {
  const input = make("input", "pw-ratio-slider-input", {
    type: "range",
    min: 0,
    max: Math.floor(LARGEST_PERCENT),
    step: 1,
    "aria-label": title,
    "data-lm-suppress-shortcuts": "true",
    "data-testid": "pw-all-ratio",
  });
  const number = make("input", "pw-ratio-slider-number", {
    type: "number",
    min: 0,
    max: LARGEST_PERCENT,
    step: "any",
    "aria-label": `${title}, in percent`,
    "data-lm-suppress-shortcuts": "true",
    "data-testid": "pw-all-percent",
  });
  return { input, number };
}

function render({ model, el }) {
  const { input, number } = ratioParts(model.get("title"));
  const box = make("div", "pw-ratio-slider", {}, [
    input,
    make("label", "pw-ratio-slider-box", {}, [number, "%"]),
  ]);
  el.replaceChildren(box);
  let percent = 0; // not the thumb's, which stands on whole ones
  const hand = new SliderHand(input, (type, stamp) =>
    model.send({ type, ratio: percent / 100, stamp }),
  );

  const say = (value) => {
    percent = value;
    const text = String(Math.round(10 * percent) / 10);
    input.setAttribute("aria-valuetext", `${text} percent`);
    if (document.activeElement !== number) number.value = text;
  };
  const draw = () => {
    const reason = model.get("disabled_reason");
    for (const control of [input, number]) control.disabled = Boolean(reason);
    box.title = reason ? `${model.get("title")}. Not now: ${reason}.` : model.get("title");
    if (hand.outranks(model.get("stamp"))) return;
    input.value = 100 * model.get("ratio");
    say(100 * model.get("ratio"));
  };
  const enter = () => {
    if (number.value === "" || !number.checkValidity()) return;
    input.value = number.value;
    say(Number(number.value));
    hand.move();
    hand.release();
  };

  // After the hand's own listener; both run before the move is sent.
  input.addEventListener("input", () => say(Number(input.value)));
  number.addEventListener("change", enter);
  number.addEventListener("blur", () => say(percent));
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter") number.blur();
  });
  const heard = ["ratio", "stamp", "disabled_reason"].map((name) => `change:${name}`);
  for (const name of heard) model.on(name, draw);
  draw();
  return () => heard.forEach((name) => model.off(name, draw));
}

export default { render };
