/** Which cells are shown: by words, outcome, group and target. */
import { h } from '../shared/node.ts';
import type { PageData } from '../shared/page-data.ts';
import type { PageCell } from './data.ts';
import { byId, toElement } from './dom.ts';

export interface Filter {
  words: string[];
  /** Empty: all. */
  readonly outcomes: Set<string>;
  group: string;
  target: string;
}

export function takes(filter: Filter, cell: PageCell): boolean {
  if (filter.outcomes.size > 0 && !filter.outcomes.has(cell.outcome)) return false;
  if (filter.group !== '' && !cell.clause.startsWith(filter.group)) return false;
  if (filter.target !== '' && cell.target !== filter.target) return false;
  return filter.words.every((word) => cell.words.includes(word));
}

const choice = (id: string, label: string, all: string, options: readonly (readonly [string, string])[]) =>
  h(
    'label',
    { class: 'choice' },
    h('span', {}, label),
    h(
      'select',
      { id },
      h('option', { value: '' }, all),
      options.map(([value, text]) => h('option', { value }, text)),
    ),
  );

/** Draws the controls; calls `changed` whenever the filter did. */
export function startFilter(data: PageData, cells: readonly PageCell[], changed: (filter: Filter) => void): void {
  const filter: Filter = { words: [], outcomes: new Set(), group: '', target: '' };
  const present = [...new Set(cells.map((cell) => cell.outcome))];
  const kinds = [...data.outcomes, { name: 'none', word: 'not run', sign: ' ' }].filter(({ name }) =>
    present.includes(name),
  );
  const form = toElement(
    h(
      'div',
      { class: 'filters', role: 'search' },
      h(
        'label',
        { class: 'choice search' },
        h('span', {}, 'Search'),
        h('input', {
          id: 'search',
          type: 'search',
          placeholder: 'E02, unmap, W3 …   press /',
          autocomplete: 'off',
          spellcheck: 'false',
        }),
      ),
      choice(
        'group',
        'Group',
        'all groups',
        data.groups.map(({ letter, name }) => [letter, `${letter} ${name}`]),
      ),
      data.targets.length < 2
        ? []
        : choice(
            'target',
            'Target',
            'all targets',
            data.targets.map((name) => [name, name]),
          ),
      h(
        'div',
        { class: 'chips', role: 'group', 'aria-label': 'Outcomes' },
        kinds.map(({ name, word, sign }) =>
          h(
            'button',
            { type: 'button', class: 'chip', 'data-outcome': name, 'aria-pressed': 'false' },
            h('span', { class: `badge o-${name}`, 'aria-hidden': 'true' }, sign),
            `${word} ${cells.filter((cell) => cell.outcome === name).length}`,
          ),
        ),
      ),
      h('p', { id: 'shown', role: 'status', 'aria-live': 'polite' }),
    ),
  );
  byId('filters').append(form);
  const apply = (): void => changed(filter);
  byId('search').addEventListener('input', (event) => {
    filter.words = (event.target as HTMLInputElement).value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    apply();
  });
  for (const name of ['group', 'target'] as const)
    form.querySelector(`#${name}`)?.addEventListener('change', (event) => {
      filter[name] = (event.target as HTMLSelectElement).value;
      apply();
    });
  for (const chip of form.querySelectorAll<HTMLElement>('.chip'))
    chip.addEventListener('click', () => {
      const name = chip.dataset['outcome'] ?? '';
      const on = !filter.outcomes.has(name);
      if (on) filter.outcomes.add(name);
      else filter.outcomes.delete(name);
      chip.setAttribute('aria-pressed', String(on));
      apply();
    });
  document.addEventListener('keydown', (event) => {
    const writing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== '/' || writing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    byId('search').focus();
  });
  apply();
}
