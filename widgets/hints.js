// Gives names and hints to controls that ipywidgets leaves without: number fields.

const PATIENCE_FRAMES = 600; // the controls' views may be made after this one

/** Write the hints on the controls beside `el`; returns whether all of them are there. */
function decorate(el, hints) {
  const box = el.closest(".pw-toolbar");
  return Object.entries(hints).every(([name, text]) => {
    const control = box?.querySelector(`.${CSS.escape(name)}`);
    const parts = control?.querySelectorAll("input") ?? [];
    for (const part of parts) part.setAttribute("aria-label", text);
    if (parts.length) control.title = text;
    return parts.length > 0;
  });
}

function render({ model, el }) {
  el.style.display = "none";
  let frames = 0;
  const attempt = () => {
    frames += 1;
    const done = decorate(el, model.get("hints"));
    if (!done && frames < PATIENCE_FRAMES) requestAnimationFrame(attempt);
  };
  const again = () => {
    frames = 0;
    attempt();
  };
  model.on("change:hints", again);
  requestAnimationFrame(attempt);
  return () => {
    frames = PATIENCE_FRAMES;
    model.off("change:hints", again);
  };
}

export default { render };
