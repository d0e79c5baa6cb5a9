/**
 * A comparison as one page: what differs, both kernels beside each other with what the observers saw and the course of
 * events, splats, sizes. No script but the colours.
 */
import { join } from 'node:path';
import type { ClauseGroup } from '../../contract/clause.ts';
import type { Cell, CellId, Fact } from '../../core/events.ts';
import { plural } from '../../core/words.ts';
import { harmless, harmlessText } from '../../probe/untrusted.ts';
import type { Change, ComparedCell, SideOfCell } from '../../results/compare.ts';
import type { ComparisonDocument } from '../../results/comparison.ts';
import { readRun } from '../../results/stored-run.ts';
import { titleOf } from '../catalogue.ts';
import { formatDuration, shortenHome } from '../format.ts';
import { hero, moodOf } from '../html/hero.ts';
import { themeScript } from '../html/script.ts';
import { h, type Element } from '../html/shared/node.ts';
import { drawBeside } from '../html/shared/picture.ts';
import { renderDocument } from '../html/shell.ts';
import { describeSource } from '../lines/header.ts';
import { LOOKS, PLAIN } from '../lines/paint.ts';
import { plainTable, section, seriesList } from '../html/parts.ts';
import { CHANGE_LOOKS, CHANGE_ORDER, chanceText, runsText } from './looks.ts';
import { largest, signed, sizeSummary } from './sizes.ts';
import { verdictText } from './text.ts';

export interface ComparisonPageOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  /** Of the comparison; the two run folders below it have the courses of events. */
  readonly folder: string;
}

/** A picture takes 10 to 50 KB: a kernel that breaks everything is not to fill a disk. */
const PICTURES = 24;
const SIZES = 40;

/** The colours of outcomes, for what they come to. */
const COLOURS: Readonly<Record<Change, string>> = {
  regression: 'o-fail',
  'no-longer-applicable': 'o-fail',
  inconclusive: 'o-error',
  changed: 'o-changed',
  'newly-applicable': 'o-changed',
  fixed: 'o-pass',
  'still-failing': 'o-known',
  'still-passing': 'o-pass',
  'not-applicable': 'o-not-applicable',
};

type FindCell = (who: 'base' | 'patched', id: CellId) => Cell | undefined;

export function renderComparisonPage(document: ComparisonDocument, options: ComparisonPageOptions): string {
  const differing = CHANGE_ORDER.filter((change) => CHANGE_LOOKS[change].inFull).flatMap((change) =>
    document.cells.filter((cell) => cell.change === change),
  );
  const find = cellFinder(document, options.folder);
  const headline = verdictText(document, PLAIN).replace(/ \(exit \d+\)$/, '');
  return renderDocument({
    title: `${headline} · comparison`,
    script: themeScript(),
    body: [
      head(document, headline, options),
      h('main', { id: 'main' }, [
        section(
          'What differs',
          differing.length === 0
            ? [h('p', { class: 'note' }, 'No cell does.')]
            : differing.map((cell, index) => card(cell, index < PICTURES, find, options)),
        ),
        ...splats(document),
        ...trouble(document),
        ...document.sizes.map((each) => sizes(each)),
        section('All cells', [allCells(document)]),
        about(document, options),
      ]),
      h('footer', {}, `${harmless(document.tool)} · one file, no request is made`),
    ],
  });
}

/** The cells with their logs, out of both run folders; a folder that is gone costs the pictures. */
function cellFinder(document: ComparisonDocument, folder: string): FindCell {
  const keyOf = (id: CellId): string => [id.clause, id.path, id.target, id.profile].join(' ');
  const cellsOf = (name: string): ReadonlyMap<string, Cell> =>
    new Map(
      readRun(join(folder, name)).events.flatMap((event) =>
        event.kind === 'cell' ? [[keyOf(event.cell), event.cell] as const] : [],
      ),
    );
  const sides = { base: cellsOf(document.base.folder), patched: cellsOf(document.patched.folder) };
  return (who, id) => sides[who].get(keyOf(id));
}

function head(document: ComparisonDocument, headline: string, options: ComparisonPageOptions): Element {
  const { base, patched, counts } = document;
  const kernel = base.kernel ?? patched.kernel;
  const series = patched.kernel?.series ?? [];
  const facts: readonly (readonly [string, string])[] = [
    ['Targets', document.targets.join(', ')],
    ['Profile', document.profile],
    ['Started', `${document.at.slice(0, 16).replace('T', ' ')} UTC`],
    ['Took', formatDuration(document.durationMs)],
    ['Exit code', String(document.exitCode)],
  ];
  return hero(
    {
      mood: moodOf(document.exitCode),
      name: `comparison ${harmless(options.folder.split('/').at(-1) ?? '')}`,
      headline,
      about: [
        h('strong', {}, kernel === null ? 'no kernel' : `Linux ${harmless(kernel.version)}`),
        kernel === null ? '' : ` ${describeSource(kernel, options.home)}`,
        ` against the same + ${plural(series.length, 'patch', 'patches')}`,
      ],
    },
    ...seriesList(series),
    h(
      'ul',
      { class: 'counts' },
      CHANGE_ORDER.filter((change) => (counts[change] ?? 0) > 0).map((change) =>
        h('li', {}, badge(change), h('b', {}, String(counts[change])), ` ${CHANGE_LOOKS[change].word}`),
      ),
    ),
    h(
      'dl',
      { class: 'facts' },
      facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, harmless(value)))),
    ),
  );
}

const badge = (change: Change): Element =>
  h('span', { class: `badge ${COLOURS[change]}`, 'aria-hidden': 'true' }, CHANGE_LOOKS[change].sign);

function card(cell: ComparedCell, withPicture: boolean, find: FindCell, { catalogue }: ComparisonPageOptions): Element {
  const { sign, word } = CHANGE_LOOKS[cell.change];
  const name = `${cell.clause} ${cell.path} ${cell.target}`;
  const [base, patched] = [find('base', cell), find('patched', cell)];
  const [left, right] = [base?.log ?? [], patched?.log ?? []];
  const chance = chanceText(cell.chance);
  return h(
    'article',
    { class: `detail-card o-edge-${COLOURS[cell.change].slice(2)}`, id: `${cell.clause}-${cell.path}-${cell.target}` },
    h(
      'header',
      {},
      h('span', { class: `badge wide ${COLOURS[cell.change]}` }, `${sign} ${word}`),
      h('h3', {}, name),
      chance === null ? [] : h('span', { class: 'note' }, chance),
    ),
    h('p', { class: 'detail-title' }, titleOf(catalogue, cell.clause)),
    h(
      'div',
      { class: 'detail-body' },
      h('div', { class: 'observers' }, side('The base', cell.base, cell.runs.base, base), [
        side('Patched', cell.patched, cell.runs.patched, patched),
      ]),
      withPicture && left.length + right.length > 0
        ? block('VMAs and events', [drawBeside({ title: 'base', log: left }, { title: 'patched', log: right })])
        : [],
      withPicture ? [] : h('p', { class: 'note' }, 'The page has enough pictures; the run folders have its log.'),
    ),
  );
}

const block = (title: string, children: readonly Element[]): Element =>
  h('section', { class: 'block' }, h('h4', {}, title), children);

function side(title: string, said: SideOfCell | null, runs: readonly SideOfCell[], cell: Cell | undefined): Element {
  const observed = [
    ...(cell?.observers.driver ?? []).map((fact) => ({ who: 'driver', fact })),
    ...(cell?.observers.user ?? []).map((fact) => ({ who: 'user', fact })),
  ];
  return block(title, [
    h(
      'p',
      {},
      h('b', {}, harmless(runsText(said, runs))),
      ' ',
      h(
        'span',
        { class: 'past', role: 'img', 'aria-label': runs.map(({ outcome }) => outcome).join(', ') },
        runs.map(({ outcome }) => h('span', { class: `tick o-${outcome}`, title: outcome }, LOOKS[outcome].sign)),
      ),
    ),
    ...(said === null || said.reason === '' ? [] : [h('p', { class: 'reason' }, h('bdi', {}, harmless(said.reason)))]),
    h('ul', { class: 'fact-list' }, observed.toSorted((a, b) => Number(a.fact.ok) - Number(b.fact.ok)).map(factItem)),
    ...(cell?.faults ?? []).map(({ title: splat, lines }) =>
      h(
        'details',
        {},
        h('summary', {}, `Kernel: ${harmless(splat)}`),
        h('pre', { tabindex: 0 }, lines.map((line) => harmless(line)).join('\n')),
      ),
    ),
  ]);
}

const factItem = ({ who, fact }: { readonly who: string; readonly fact: Fact }): Element =>
  h(
    'li',
    { class: fact.ok ? 'ok' : 'bad' },
    h(
      'span',
      { class: 'mark' },
      h('span', { 'aria-hidden': 'true' }, fact.ok ? '✓' : '✗'),
      h('span', { class: 'unseen' }, fact.ok ? 'ok: ' : 'bad: '),
    ),
    h('bdi', {}, `${who}: ${harmless(fact.text)}`),
  );

function splats({ newSplats, goneSplats }: ComparisonDocument): Element[] {
  const rows = [
    ...newSplats.map((splat) => ({ splat, word: splat.sure === false ? 'new, once' : 'new', colour: 'o-fault' })),
    ...goneSplats.map((splat) => ({ splat, word: 'gone', colour: 'o-pass' })),
  ];
  if (rows.length === 0) return [];
  const cells = rows.map(({ splat, word, colour }) => [
    h('span', { class: `badge wide ${colour}` }, word),
    harmless(splat.title),
    harmless(splat.where.slice(0, 8).join(', ')),
  ]);
  return [section('Kernel splats', [plainTable(['', 'splat', 'where'], cells)])];
}

function trouble({ base, patched, unequal, notes }: ComparisonDocument): Element[] {
  const texts = [
    ...base.trouble.map((text) => ['base', text] as const),
    ...patched.trouble.map((text) => ['patched', text] as const),
    ...unequal.map((text) => ['not equal', text] as const),
    ...notes.map((text) => ['note', text] as const),
  ];
  if (texts.length === 0) return [];
  return [
    section(
      'Trouble',
      texts.map(([who, text]) => {
        const [first = '', ...rest] = harmlessText(text).split('\n');
        return h(
          'div',
          { class: 'note-block warning' },
          h('p', {}, h('b', {}, who), ` ${first}`),
          rest.length === 0 ? [] : h('pre', { tabindex: 0 }, rest.join('\n')),
        );
      }),
    ),
  ];
}

function sizes(each: ComparisonDocument['sizes'][number]): Element {
  const rows = largest(each.changes, SIZES).map(({ name, kind, before, after }) => [
    harmless(name),
    kind,
    String(before),
    String(after),
    signed(after - before),
  ]);
  return section(`Sizes on ${harmless(each.target)}`, [
    h('p', { class: 'note' }, sizeSummary(each)),
    ...(rows.length === 0 ? [] : [plainTable(['name', 'kind', 'before', 'after', 'bytes'], rows, [2, 3, 4])]),
  ]);
}

function allCells({ cells }: ComparisonDocument): Element {
  const rows = cells.map((cell) => [
    h(
      'span',
      { class: `badge wide ${COLOURS[cell.change]}` },
      `${CHANGE_LOOKS[cell.change].sign} ${CHANGE_LOOKS[cell.change].word}`,
    ),
    `${cell.clause} ${cell.path}`,
    cell.target,
    runsText(cell.base, cell.runs.base),
    runsText(cell.patched, cell.runs.patched),
  ]);
  return h(
    'details',
    {},
    h('summary', {}, plural(cells.length, 'cell')),
    plainTable(['', 'cell', 'target', 'base', 'patched'], rows),
  );
}

function about(
  { command, base, patched, speed }: ComparisonDocument,
  { folder, home }: ComparisonPageOptions,
): Element {
  const builds = [
    ...base.builds.map((build) => ['base', build] as const),
    ...patched.builds.map((build) => ['patched', build] as const),
  ];
  const rows: readonly (readonly [string, string])[] = [
    ['Command', command.join(' ')],
    ['Folder', shortenHome(folder, home)],
    ...builds.map(([who, build]): readonly [string, string] => [
      `${who} ${build.target}`,
      `${build.release}, ${build.compiler}, config ${build.configHash.slice(0, 12)}, key ${build.key.slice(0, 12)}${build.reused ? ', already built' : ''}`,
    ]),
    ...base.stored.map((text): readonly [string, string] => ['Base', text]),
    ...(speed.length === 0 ? ([['One mmap and munmap', 'not measured']] as const) : []),
    ...speed.map((each): readonly [string, string] => [
      `One mmap and munmap on ${each.target}`,
      `${each.base} ${each.unit}, patched ${each.patched}`,
    ]),
  ];
  return section('About this comparison', [
    h(
      'dl',
      { class: 'about' },
      rows.map(([name, value]) => h('div', {}, h('dt', {}, harmless(name)), h('dd', {}, harmless(value)))),
    ),
  ]);
}
