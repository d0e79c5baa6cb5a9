/** The matrix: a row a clause, a column a target, in it a place for each path. Arrow keys move, Enter opens. */
import { h, type Element as Description } from '../shared/node.ts';
import type { PageClause, PageData } from '../shared/page-data.ts';
import type { PageCell } from './data.ts';
import { byId, toElement } from './dom.ts';
import { takes, type Filter } from './filter.ts';

export interface Matrix {
  readonly show: (filter: Filter) => void;
  readonly buttonOf: (cell: PageCell) => HTMLElement | null;
  readonly rowOf: (cell: PageCell) => HTMLElement | null;
}

const buttonLabel = (cell: PageCell): string =>
  `${cell.clause} ${cell.path} ${cell.target}: ${cell.word}${cell.row[4] > 0 ? `, ${cell.row[4]} ms` : ''}`;

const cellButton = (cell: PageCell): Description =>
  h(
    'button',
    {
      type: 'button',
      class: `cell o-${cell.outcome}`,
      'data-cell': cell.index,
      tabindex: -1,
      'aria-label': buttonLabel(cell),
      title: buttonLabel(cell),
      'aria-expanded': 'false',
    },
    cell.sign,
  );

function clauseRow(clause: PageClause, own: readonly PageCell[], data: PageData): Description {
  const slots = (target: string): Description[] =>
    data.paths.map((path) => {
      const cell = own.find((each) => each.target === target && each.path === path);
      return cell === undefined ? h('span', { class: 'cell empty' }) : cellButton(cell);
    });
  return h(
    'tr',
    { 'data-clause': clause.id },
    h(
      'th',
      { scope: 'row' },
      h('span', { class: 'id' }, clause.id),
      h('span', { class: 'clause-title' }, clause.title),
    ),
    data.targets.map((target) =>
      h(
        'td',
        { class: 'slots' },
        h('span', { class: 'target-name' }, target),
        h('span', { class: 'strip' }, slots(target)),
      ),
    ),
  );
}

const head = (data: PageData): Description =>
  h(
    'thead',
    {},
    h(
      'tr',
      {},
      h('th', { scope: 'col' }, 'Clause'),
      data.targets.map((target) =>
        h(
          'th',
          { scope: 'col' },
          h('span', { class: 'column-name' }, target),
          h(
            'span',
            { class: 'strip', 'aria-hidden': 'true' },
            data.paths.map((path) => h('span', { class: 'path-name', title: path }, path === 'direct' ? 'dir' : path)),
          ),
        ),
      ),
    ),
  );

export function startMatrix(data: PageData, cells: readonly PageCell[], open: (cell: PageCell) => void): Matrix {
  const columns = data.targets.length + 1;
  const byClause = Map.groupBy(cells, (cell) => cell.clause);
  const groups = data.groups.map(({ letter, name }) => {
    const clauses = data.clauses.filter((clause) => clause.id.startsWith(letter));
    return h(
      'tbody',
      { 'data-group': letter },
      h(
        'tr',
        { class: 'group' },
        h(
          'th',
          { colspan: columns, scope: 'rowgroup' },
          h('span', { class: 'letter' }, letter),
          ` ${name}`,
          h('span', { class: 'tally' }),
        ),
      ),
      clauses.map((clause) => clauseRow(clause, byClause.get(clause.id) ?? [], data)),
    );
  });
  const table = toElement(h('table', { class: 'matrix' }, head(data), groups));
  byId('matrix').replaceChildren(table, toElement(h('p', { id: 'nothing', hidden: '' }, 'No cell fits.')));

  const buttons = new Map<number, HTMLElement>();
  for (const button of table.querySelectorAll<HTMLElement>('button.cell'))
    buttons.set(Number(button.dataset['cell']), button);
  const cellOf = (button: HTMLElement): PageCell | undefined => cells[Number(button.dataset['cell'])];
  table.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('button.cell');
    const cell = button === null ? undefined : cellOf(button);
    if (cell !== undefined) open(cell);
  });
  table.addEventListener('focusin', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('button.cell');
    if (button !== null) makeStop(buttons, button);
  });
  table.addEventListener('keydown', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('button.cell');
    const next = button === null ? null : neighbour(table as HTMLElement, button, (event as KeyboardEvent).key);
    if (next === null) return;
    event.preventDefault();
    next.focus();
  });
  return {
    show: (filter) => showCells(table as HTMLElement, cells, buttons, filter),
    buttonOf: (cell) => buttons.get(cell.index) ?? null,
    rowOf: (cell) => buttons.get(cell.index)?.closest('tr') ?? null,
  };
}

/** One cell of the matrix is in the tab order: the one that was last on. */
function makeStop(buttons: ReadonlyMap<number, HTMLElement>, stop: HTMLElement): void {
  for (const button of buttons.values()) button.tabIndex = button === stop ? 0 : -1;
}

/** The next cell in the direction of the key; up and down keep to the column as far as rows have it. */
function neighbour(table: HTMLElement, from: HTMLElement, key: string): HTMLElement | null {
  const rows = [...table.querySelectorAll<HTMLElement>('tr[data-clause]')]
    .filter((row) => !row.hidden)
    .map((row) => [...row.querySelectorAll<HTMLElement>('.cell')]);
  const y = rows.findIndex((row) => row.includes(from));
  const row = rows[y] ?? [];
  const x = row.indexOf(from);
  const usable = (cell: HTMLElement | undefined): boolean => cell instanceof HTMLButtonElement && !cell.disabled;
  switch (key) {
    case 'ArrowRight':
      return row.slice(x + 1).find(usable) ?? null;
    case 'ArrowLeft':
      return row.slice(0, x).findLast(usable) ?? null;
    case 'Home':
      return row.find(usable) ?? null;
    case 'End':
      return row.findLast(usable) ?? null;
    case 'ArrowDown':
    case 'ArrowUp': {
      const ahead = key === 'ArrowDown' ? rows.slice(y + 1) : rows.slice(0, y).toReversed();
      const found = ahead.find((cells) => cells.some(usable)) ?? [];
      if (usable(found[x])) return found[x] ?? null;
      return found.slice(0, x).findLast(usable) ?? found.find(usable) ?? null;
    }
    default:
      return null;
  }
}

function showCells(
  table: HTMLElement,
  cells: readonly PageCell[],
  buttons: ReadonlyMap<number, HTMLElement>,
  filter: Filter,
): void {
  const shown = new Map<string, PageCell[]>();
  let first: HTMLElement | null = null;
  for (const cell of cells) {
    const button = buttons.get(cell.index);
    if (!(button instanceof HTMLButtonElement)) continue;
    const on = takes(filter, cell);
    button.disabled = !on;
    button.tabIndex = -1;
    if (!on) continue;
    first ??= button;
    shown.set(cell.clause, [...(shown.get(cell.clause) ?? []), cell]);
  }
  if (first !== null) first.tabIndex = 0;
  for (const row of table.querySelectorAll<HTMLElement>('tr[data-clause]'))
    row.hidden = !shown.has(row.dataset['clause'] ?? '');
  for (const body of table.querySelectorAll<HTMLElement>('tbody')) {
    const own = [...shown].filter(([id]) => id.startsWith(body.dataset['group'] ?? '?')).flatMap(([, each]) => each);
    body.hidden = own.length === 0;
    const tally = body.querySelector('.tally');
    if (tally !== null) tally.textContent = tallyText(own);
  }
  const count = [...shown.values()].reduce((sum, each) => sum + each.length, 0);
  byId('shown').textContent = count === cells.length ? `${count} cells` : `${count} of ${cells.length} cells`;
  byId('nothing').hidden = count > 0;
}

function tallyText(cells: readonly PageCell[]): string {
  const words = [...Map.groupBy(cells, (cell) => cell.word)];
  return words.map(([word, each]) => `${each.length} ${word}`).join(', ');
}
