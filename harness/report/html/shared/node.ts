/**
 * Elements as plain data. The same description becomes text here (`markup.ts`) and a tree in the browser
 * (`client/dom.ts`); neither ever puts a string where markup is expected, so that no text can become an element.
 */
export type Attributes = Readonly<Record<string, string | number>>;

export interface Element {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly children: readonly Child[];
}

export type Child = Element | string;

export function h(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly (Child | readonly Child[])[]
): Element {
  return { tag, attributes, children: children.flat() };
}
