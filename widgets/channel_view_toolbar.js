// Above the cards: what is shown in which order, of which images, and what to do with the chosen.

import { paintPicture } from "./channel_view_atlas.js";
import { chosenImages, imageChoices, orders } from "./channel_view_order.js";
import { make, makeButton } from "./dom.js";

const THUMBNAIL = 26;

const ACTIONS = [
  ["keep", "✓ Keep", "Keep the chosen channels, whatever the criterion says (K)"],
  ["remove", "✕ Remove", "Remove the chosen channels, whatever the criterion says (R)"],
  ["release", "Release", "Leave the chosen channels to the criterion again (Delete)"],
];

function select(className, label) {
  return make("select", className, {
    "aria-label": label,
    title: label,
    "data-lm-suppress-shortcuts": "true",
  });
}

function options(choices) {
  return choices.map(([value, text]) => make("option", "", { value, text }));
}

/** The toolbar's elements by name. */
export function makeToolbar(view) {
  const parts = {
    sort: select("pw-channel-sort", "Order of the channels"),
    turn: makeButton("pw-channel-turn", { "aria-label": "Reverse the order", text: "↑" }),
    images: select("pw-channel-images", "Images whose activation maps are shown"),
    thumbnails: make("canvas", "pw-channel-thumbnails", { role: "img" }),
    count: make("span", "pw-channel-count", { role: "status" }),
    buttons: {},
  };
  const buttons = ACTIONS.map(([name, text, title]) => {
    const button = makeButton(`pw-channel-action pw-channel-${name}`, {
      text,
      title,
      "data-testid": `pw-channel-${name}`,
    });
    button.addEventListener("click", () => view.pick(name));
    parts.buttons[name] = { button, title };
    return button;
  });
  const labelled = (text, ...controls) =>
    make("label", "pw-channel-labelled", {}, [make("span", "", { text }), ...controls]);
  parts.node = make("div", "pw-channel-toolbar", {}, [
    make("span", "pw-channel-labelled", {}, [labelled("Sort by", parts.sort), parts.turn]),
    make("span", "pw-channel-labelled", {}, [
      labelled("Images of", parts.images),
      parts.thumbnails,
    ]),
    make("span", "pw-channel-actions", {}, [...buttons, parts.count]),
  ]);
  parts.sort.addEventListener("change", () => view.sortBy(parts.sort.value, false));
  parts.turn.addEventListener("click", () => view.sortBy(view.key, !view.reversed));
  parts.images.addEventListener("change", () => view.showImages(parts.images.value));
  return parts;
}

/** Fill the choices for another unit; what was chosen stays where it still is a choice. */
export function fillToolbar(parts, about, view) {
  const groups = orders(about).map(([label, choices]) =>
    label ? make("optgroup", "", { label }, options(choices)) : options(choices),
  );
  parts.sort.replaceChildren(...groups.flat());
  parts.sort.value = view.key;
  if (parts.sort.selectedIndex < 0) view.key = parts.sort.value = "number";
  parts.images.replaceChildren(...options(imageChoices(about)));
  parts.images.value = view.label;
  if (parts.images.selectedIndex < 0) view.label = parts.images.value = "";
  parts.images.closest("span").hidden = !about.images.length;
}

/** The images themselves, small, beside their choice. */
export function paintThumbnails({ thumbnails }, { atlas, colours }, label) {
  const numbers = chosenImages(atlas.about, label).filter(
    (number) => atlas.about.images[number].height,
  );
  const scale = Math.max(1, window.devicePixelRatio || 1);
  const width = numbers.length * (THUMBNAIL + 3);
  thumbnails.width = width * scale;
  thumbnails.height = THUMBNAIL * scale;
  thumbnails.style.width = `${width}px`;
  thumbnails.style.height = `${THUMBNAIL}px`;
  thumbnails.hidden = !numbers.length;
  const names = numbers.map((number) => atlas.about.images[number].label).join(", ");
  thumbnails.title = `Images of ${names}`;
  thumbnails.setAttribute("aria-label", thumbnails.title);
  const context = thumbnails.getContext("2d");
  context.scale(scale, scale);
  numbers.forEach((number, i) => {
    paintPicture(context, atlas.image(number), colours, i * (THUMBNAIL + 3), THUMBNAIL);
  });
}

/** How many are chosen, and whether anything can be done with them. */
export function sayChosen(parts, chosen, reason) {
  parts.count.textContent = chosen > 1 ? `${chosen} chosen` : "";
  for (const { button, title } of Object.values(parts.buttons)) {
    button.disabled = Boolean(reason) || !chosen;
    button.title = reason ? `Not now: ${reason}.` : title;
  }
}
