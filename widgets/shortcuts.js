// Undo and redo by keyboard, while the focus is in the workbench and not in a text. Shows nothing.

// Nothing is undone behind a dialog either.
const TEXTS = "input, textarea, select, [contenteditable], [contenteditable] *, dialog, dialog *";
const NOT_TEXTS = "input:is([type=range], [type=checkbox], [type=radio], [type=button])";

function asked({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (!(ctrlKey || metaKey) || altKey) return "";
  const letter = key.toLowerCase();
  if (letter === "z") return shiftKey ? "redo" : "undo";
  return letter === "y" && ctrlKey && !metaKey && !shiftKey ? "redo" : "";
}

function isText(element) {
  return element.matches(TEXTS) && !element.matches(NOT_TEXTS);
}

function appOf(element) {
  return element.closest?.(".pw-app") ?? null;
}

function render({ model, el }) {
  el.style.display = "none";
  const stop = new AbortController();
  const options = { capture: true, signal: stop.signal };
  let last = null; // what got the focus last
  let lastApp = null; // and where that was
  const note = ({ target }) => {
    last = target;
    lastApp = appOf(target);
  };
  const listen = (event) => {
    const type = asked(event);
    if (!type) return;
    // A button that was switched off, or a row that went, has lost the focus to the page.
    const lost = event.target === document.body && (last?.disabled || last?.isConnected === false);
    const app = lost ? lastApp : appOf(event.target);
    if (!app?.contains(el)) return;
    // JupyterLab would undo in the cell, also while a text of the workbench has the focus.
    event.stopImmediatePropagation();
    if (!lost && isText(event.target)) return; // the browser undoes what was typed there
    event.preventDefault();
    model.send({ type });
  };
  // Tab passes the workbench by, and a click anywhere in it brings the focus there. ipywidgets
  // gives no box a place in that order, whatever its `tabbable` says.
  const focusable = ({ target }) => {
    const app = appOf(target);
    if (app?.contains(el)) app.tabIndex = -1;
  };
  // The page around a notebook's outputs prevents the browser's own undo in their texts.
  const spare = (event) => {
    if (event.inputType?.startsWith("history") && appOf(event.target)?.contains(el)) {
      event.stopImmediatePropagation();
    }
  };
  window.addEventListener("beforeinput", spare, options);
  window.addEventListener("pointerdown", focusable, options);
  window.addEventListener("focusin", note, options);
  window.addEventListener("keydown", listen, options);
  return () => stop.abort();
}

export default { render };
