// Functions that create SVG and HTML elements, without markup in strings.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element with its attributes, its text and its children. */
export function svg(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** An HTML element with its properties and its children. */
export function html(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
