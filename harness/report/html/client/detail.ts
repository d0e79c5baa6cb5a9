/** One cell in full, as a row below its clause: what both observers saw, the picture, the log, the console, the commands. */
import { h, type Child, type Element as Description } from '../shared/node.ts';
import type { CellDetail, PageClause, PageData, PageFact, PageFault } from '../shared/page-data.ts';
import { drawBeside, drawPicture, EVENT_KINDS } from '../shared/picture.ts';
import { parseLog } from '../shared/log.ts';
import { traceLines } from '../shared/trace.ts';
import { readDetails, type PageCell } from './data.ts';
import { toElement } from './dom.ts';

const block = (title: string, ...children: readonly (Child | readonly Child[])[]): Description =>
  h('section', { class: 'block' }, h('h4', {}, title), ...children);

function facts(title: string, all: readonly PageFact[]): Description {
  const sorted = all.toSorted(([a], [b]) => a - b);
  return block(
    title,
    sorted.length === 0
      ? h('p', { class: 'note' }, 'It said nothing.')
      : h(
          'ul',
          { class: 'fact-list' },
          sorted.map(([ok, text]) =>
            h(
              'li',
              { class: ok === 1 ? 'ok' : 'bad' },
              h(
                'span',
                { class: 'mark' },
                h('span', { 'aria-hidden': 'true' }, ok === 1 ? '✓' : '✗'),
                h('span', { class: 'unseen' }, ok === 1 ? 'ok: ' : 'bad: '),
              ),
              h('bdi', {}, text),
            ),
          ),
        ),
  );
}

function fault(each: PageFault): Description {
  const known = [
    each.class,
    each.guilty,
    each.fingerprint === '' ? '' : `fingerprint ${each.fingerprint.slice(0, 12)}`,
  ];
  return block(
    `Kernel: ${each.title}`,
    h('p', { class: 'note' }, known.filter((text) => text !== '').join(' · ')),
    each.frames.length === 0 ? [] : h('pre', { class: 'frames', tabindex: 0 }, each.frames.join('\n')),
    h('pre', { tabindex: 0 }, each.lines.join('\n')),
  );
}

/** Only the shapes that this picture has. */
function legend(log: readonly string[]): Description {
  const types = [...new Set(parseLog(log).map(({ type }) => type))];
  return h(
    'dl',
    { class: 'legend' },
    types.map((type) =>
      h('div', {}, h('dt', {}, type), h('dd', {}, EVENT_KINDS[type] ?? 'another event of the driver')),
    ),
  );
}

function pictures(log: readonly string[]): Description[] {
  if (log.length === 0) return [];
  return [
    block(
      'VMAs and events',
      h(
        'p',
        { class: 'note' },
        'Address upwards, the driver’s events to the right. Filled bars are VMAs; a dashed one is presumed, since no mapped was called for it.',
      ),
      h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Picture of the VMAs' }, drawPicture(log)),
      legend(log),
    ),
  ];
}

function detailBody(cell: PageCell, clause: PageClause, detail: CellDetail, explain: string): Description {
  const { commands, evidence, log } = detail;
  return h(
    'div',
    { class: 'detail-body' },
    cell.row[5] === '' ? [] : h('p', { class: 'reason big' }, h('bdi', {}, cell.row[5])),
    detail.repeats.length === 0
      ? []
      : block(
          'Repeats',
          h(
            'ul',
            { class: 'repeats' },
            detail.repeats.map(([label, text]) =>
              h('li', {}, h('span', { class: 'note' }, label), ' ', h('bdi', {}, text)),
            ),
          ),
        ),
    h('div', { class: 'observers' }, facts('The driver', detail.driver), facts('User space', detail.user)),
    detail.faults.map(fault),
    pictures(log),
    h('div', { class: 'beside-place' }),
    log.length === 0
      ? []
      : h(
          'details',
          { class: 'block' },
          h('summary', {}, `The driver’s log, ${log.length} events`),
          h('pre', { tabindex: 0 }, traceLines(log).join('\n')),
          h('p', { class: 'note' }, 'As the driver gave it:'),
          h('pre', { tabindex: 0 }, log.join('\n')),
        ),
    detail.console.length === 0
      ? []
      : h(
          'details',
          { class: 'block', open: '' },
          h('summary', {}, 'Console during the cell'),
          h('pre', { tabindex: 0 }, detail.console.join('\n')),
        ),
    block(
      'Do it again',
      h('pre', { class: 'commands', tabindex: 0 }, commands.join('\n')),
      evidence === '' ? [] : h('p', { class: 'note' }, `Evidence: ${evidence}`),
    ),
    h(
      'details',
      { class: 'block' },
      h('summary', {}, 'What the clause means'),
      h('p', { class: 'explain' }, explain === '' ? 'The catalogue of this mmapvet does not have it.' : explain),
      h('p', { class: 'note' }, [
        clause.class === '' ? '' : `class ${clause.class} · ${clause.observers} · ${clause.source}`,
        clause.red.length === 0 ? '' : ` · turned red by ${clause.red.join(', ')}`,
      ]),
    ),
  );
}

/** The same clause elsewhere: to look at, or to hold against this one. */
function others(cell: PageCell, cells: readonly PageCell[]): Description {
  const same = cells.filter((each) => each.clause === cell.clause && each !== cell);
  if (same.length === 0) return h('span');
  return h(
    'label',
    { class: 'choice' },
    h('span', {}, 'Beside it'),
    h(
      'select',
      { class: 'other' },
      h('option', { value: '' }, 'nothing'),
      same.map((each) => h('option', { value: each.index }, `${each.path} ${each.target} (${each.word})`)),
    ),
  );
}

export interface Detail {
  readonly open: (cell: PageCell, button: HTMLElement, row: HTMLElement) => Promise<void>;
  readonly close: () => void;
}

export function createDetail(data: PageData, cells: readonly PageCell[], closed: () => void): Detail {
  let shown: { readonly row: HTMLElement; readonly button: HTMLElement } | null = null;

  const close = (): void => {
    if (shown === null) return;
    const { row, button } = shown;
    shown = null;
    row.remove();
    button.setAttribute('aria-expanded', 'false');
    button.classList.remove('on');
    closed();
  };
  const closeToButton = (): void => {
    const button = shown?.button;
    close();
    button?.focus();
  };

  return {
    close,
    async open(cell, button, row) {
      const again = shown?.button === button;
      close();
      if (again) return;
      const details = await readDetails();
      close();
      const clause = data.clauses[cell.row[0]];
      const detail = details.cells[cell.index];
      if (clause === undefined || detail === undefined) return;
      const heading = `${cell.clause} ${cell.path} ${cell.target}`;
      const view = toElement(
        h(
          'tr',
          { class: 'detail' },
          h(
            'td',
            { colspan: data.targets.length + 1 },
            h(
              'article',
              { class: `detail-card o-edge-${cell.outcome}`, 'aria-label': heading },
              h(
                'header',
                {},
                h('span', { class: `badge wide o-${cell.outcome}` }, `${cell.sign} ${cell.word}`),
                h('h3', { tabindex: -1 }, heading),
                cell.row[4] > 0 ? h('span', { class: 'note' }, `${cell.row[4]} ms`) : [],
                h('span', { class: 'push' }),
                others(cell, cells),
                h('button', { type: 'button', class: 'close' }, 'Close'),
              ),
              h('p', { class: 'detail-title' }, clause.title),
              detailBody(cell, clause, detail, details.explain[cell.row[0]] ?? ''),
            ),
          ),
        ),
      ) as HTMLElement;
      row.after(view);
      shown = { row: view, button };
      button.setAttribute('aria-expanded', 'true');
      button.classList.add('on');
      view.querySelector('.close')?.addEventListener('click', closeToButton);
      view.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') closeToButton();
      });
      view.querySelector('.other')?.addEventListener('change', (event) => {
        const index = (event.target as HTMLSelectElement).value;
        const other = index === '' ? undefined : cells[Number(index)];
        const place = view.querySelector('.beside-place');
        const log = other === undefined ? undefined : details.cells[other.index]?.log;
        if (other === undefined || log === undefined) return place?.replaceChildren();
        const side = (each: PageCell, own: readonly string[]) => ({ title: `${each.path} ${each.target}`, log: own });
        place?.replaceChildren(
          toElement(block('Beside each other', drawBeside(side(cell, detail.log), side(other, log)))),
        );
      });
      view.querySelector<HTMLElement>('h3')?.focus({ preventScroll: true });
      view.scrollIntoView({ block: 'nearest' });
    },
  };
}
