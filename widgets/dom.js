// Making elements. Text that came from a model or a file becomes text or an attribute, never markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** An element; the attribute `text` is its text content. */
export function make(tag, className, attributes = {}, children = []) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A cell of a table whose rows are laid out as grids: its role is written out. */
export function makeCell(className, attributes = {}, children = []) {
  return make("td", className, { role: "cell", ...attributes }, children);
}

/** Set properties that differ: browsers work out styles anew after any write, also of the same. */
export function put(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (node[name] !== value) node[name] = value;
  }
}

/** A button that keeps its key presses from JupyterLab's shortcuts (d d would delete the cell). */
export function makeButton(className, attributes = {}, children = []) {
  return make(
    "button",
    className,
    { type: "button", "data-lm-suppress-shortcuts": "true", ...attributes },
    children,
  );
}

/** A one-path SVG, hidden from screen readers. */
export function drawing(className, viewBox, d) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  const path = document.createElementNS(SVG_NAMESPACE, "path");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** `0.1234` as "12 %": two digits that matter, and never "0 %" for something. */
export function percent(share) {
  const value = share * 100;
  if (value === 0) return "0 %";
  return value < 0.1 ? "<0.1 %" : `${value.toFixed(value < 9.95 ? 1 : 0)} %`;
}
