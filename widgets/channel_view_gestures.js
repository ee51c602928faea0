// What hands do to cards: choose one or many, and keep, remove or release them.

const PICKS = { k: "keep", r: "remove", delete: "release", backspace: "release" };

export function listenToCards(view) {
  const { list } = view;
  list.addEventListener("pointerdown", (event) => press(view, event));
  list.addEventListener("pointerover", (event) => brush(view, event));
  list.addEventListener("dblclick", (event) => follow(view, event));
  list.addEventListener("keydown", (event) => type(view, event));
  list.addEventListener("focusin", ({ target }) => {
    const channel = channelOf(target);
    if (channel !== null && channel !== view.active) view.activate(channel, { choose: false });
  });
}

function channelOf(target) {
  const card = target.closest?.("[data-channel]");
  return card ? Number(card.dataset.channel) : null;
}

function press(view, event) {
  const channel = channelOf(event.target);
  if (channel === null || event.button !== 0) return;
  event.preventDefault(); // no text is selected while brushing
  if (event.shiftKey) view.activate(channel, { extend: true });
  else if (event.ctrlKey || event.metaKey) view.activate(channel, { toggle: true });
  else view.activate(channel, {});
  view.brushing = true;
}

function brush(view, event) {
  const channel = channelOf(event.target);
  // The button may have been let go anywhere, and a drag may have begun anywhere.
  view.brushing = view.brushing && Boolean(event.buttons & 1);
  if (view.brushing && channel !== null) view.activate(channel, { extend: true });
}

function follow(view, { target }) {
  const { neighbour } = target.dataset;
  if (neighbour !== undefined) view.activate(Number(neighbour), {});
}

function type(view, event) {
  const { key, shiftKey } = event;
  const pick = PICKS[key.toLowerCase()];
  const command = event.ctrlKey || event.metaKey;
  const step = steps(view)[key];
  if (pick && !command && !event.altKey) view.pick(pick);
  else if (step !== undefined) view.walk(step, shiftKey);
  else if (command && key.toLowerCase() === "a") view.chooseAll();
  else if (key === " ") view.activate(view.active, { toggle: true });
  else if (key === "Escape") view.activate(view.active, {});
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function steps({ columns, order, rowsShown }) {
  return {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * rowsShown,
    PageDown: columns * rowsShown,
    Home: -order.length,
    End: order.length,
  };
}
