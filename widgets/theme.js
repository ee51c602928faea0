// Tells the kernel whether JupyterLab's theme is dark. Shows nothing.

const ATTRIBUTE = "data-jp-theme-light";

function initialize({ model }) {
  const tell = () => {
    const dark = document.body.getAttribute(ATTRIBUTE) === "false";
    if (dark === model.get("dark")) return;
    model.set("dark", dark);
    model.save_changes();
  };
  const observer = new MutationObserver(tell);
  observer.observe(document.body, { attributes: true, attributeFilter: [ATTRIBUTE] });
  tell();
  return () => observer.disconnect();
}

// What was sent to charts before their views existed is lost; the kernel sends it again on this.
function render({ model, el }) {
  el.style.display = "none";
  requestAnimationFrame(() => requestAnimationFrame(() => model.send({ type: "shown" })));
}

export default { initialize, render };
