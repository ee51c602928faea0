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

function render({ el }) {
  el.style.display = "none";
}

export default { initialize, render };
