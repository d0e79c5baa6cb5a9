/** Elements as a tree in the browser. Strings become text nodes, never markup. */
import type { Child, Element as Description } from '../shared/node.ts';

const SVG = 'http://www.w3.org/2000/svg';

export function toDom(child: Child, within = ''): Node {
  return typeof child === 'string' ? document.createTextNode(child) : toElement(child, within);
}

export function toElement(description: Description, within = ''): HTMLElement | SVGElement {
  const { tag, attributes, children } = description;
  const space = tag === 'svg' ? SVG : within;
  const element = space === SVG ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  for (const child of children) element.append(toDom(child, space));
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(`#${id}`);
  if (element === null) throw new TypeError(`The page has no #${id}.`);
  return element;
}
