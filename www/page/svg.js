// Small helpers for drawing: elements of SVG and HTML, without markup in strings.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An element of SVG with its attributes and children; `text` is its text. */
export function svg(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** An element of HTML with its properties and children. */
export function html(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
