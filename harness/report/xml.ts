/** XML 1.0, written so that no guest's text can break it. */
import { harmlessText } from '../probe/untrusted.ts';

export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Elements, or text. */
  readonly children: readonly (XmlNode | string)[];
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly (XmlNode | string)[] = [],
): XmlNode {
  return { name, attributes, children };
}

export function renderXml(root: XmlNode): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderNode(root, '')}\n`;
}

function renderNode({ name, attributes, children }: XmlNode, indent: string): string {
  const open = `${indent}<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`)
    .join('')}`;
  if (children.length === 0) return `${open}/>`;
  if (children.every((child) => typeof child === 'string')) return `${open}>${escapeText(children.join(''))}</${name}>`;
  const inner = children.map((child) =>
    typeof child === 'string' ? escapeText(child) : renderNode(child, `${indent}  `),
  );
  return [`${open}>`, ...inner, `${indent}</${name}>`].join('\n');
}

// What XML 1.0 allows: no control characters but tab and line breaks, no lone surrogates, no U+FFFE and U+FFFF.
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function allowed(text: string): string {
  return harmlessText(text).replaceAll(FORBIDDEN, '\ufffd');
}

function escapeText(text: string): string {
  return allowed(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A parser turns a plain line break in an attribute into a space. */
function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
