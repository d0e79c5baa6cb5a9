/** Elements as text: everything is escaped, and what can't be escaped (a tag's or an attribute's name) is checked. */
import { harmlessText } from '../../probe/untrusted.ts';
import type { Child, Element } from './shared/node.ts';

const NAME = /^[a-zA-Z][\w:-]*$/;
const VOID: ReadonlySet<string> = new Set(['meta', 'link', 'input', 'br', 'hr']);
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that can stand anywhere in a page, also within quotes. */
export const escapeText = (text: string): string =>
  harmlessText(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? '');

export function toMarkup(child: Child): string {
  return typeof child === 'string' ? escapeText(child) : elementMarkup(child);
}

function elementMarkup({ tag, attributes, children }: Element): string {
  checkName(tag);
  const words = Object.entries(attributes).map(([name, value]) => {
    checkName(name);
    // A handler or an inline style would be refused by the page's own policy, and is never needed.
    if (/^on|^style$/i.test(name)) throw new TypeError(`An element must not have the attribute "${name}".`);
    return ` ${name}="${escapeText(String(value))}"`;
  });
  const start = `<${tag}${words.join('')}>`;
  return VOID.has(tag) ? start : `${start}${children.map(toMarkup).join('')}</${tag}>`;
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`"${name}" is no name of an element or attribute.`);
}

/** JSON that can stand within a script element, whatever its strings hold. */
export const embedJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
