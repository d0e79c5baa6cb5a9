/** Parts that several pages have. */
import type { KernelIdentity } from '../../core/events.ts';
import { harmless } from '../../probe/untrusted.ts';
import { h, type Attributes, type Child, type Element } from './shared/node.ts';

export const section = (title: string, children: readonly Element[]): Element =>
  h('section', {}, h('h2', {}, title), children);

/** The patches on top; nothing without any. */
export const seriesList = (series: KernelIdentity['series']): Element[] =>
  series.length === 0
    ? []
    : [
        h(
          'ol',
          { class: 'series' },
          series.map(({ subject, author }) =>
            h('li', {}, harmless(subject), author === '' ? '' : h('small', {}, ` ${harmless(author)}`)),
          ),
        ),
      ];

/** @param numbers columns that stand to the right */
export const plainTable = (
  head: readonly string[],
  rows: readonly (readonly Child[])[],
  numbers: readonly number[] = [],
): Element => {
  const numberClass = (column: number): Attributes => (numbers.includes(column) ? { class: 'number' } : {});
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': head.filter((name) => name !== '').join(', ') },
    h(
      'table',
      { class: 'plain wide' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((name, column) => h('th', { scope: 'col', ...numberClass(column) }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {},
            row.map((cell, column) => h('td', numberClass(column), cell)),
          ),
        ),
      ),
    ),
  );
};
