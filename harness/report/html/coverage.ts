/** What the probes ran of a series' lines and of the mmap path, as tables; nothing where a run did not count. */
import type { ChangedRange, Coverage } from '../../core/events.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import { changedCounts } from '../../results/coverage.ts';
import { coverageSentences, placeOf } from '../lines/coverage.ts';
import { h, type Child, type Element } from './shared/node.ts';

export function coverageSection(coverages: readonly Coverage[]): Element[] {
  if (coverages.length === 0) return [];
  const alike = [...Map.groupBy(coverages, ({ changed }) => JSON.stringify(changed)).values()];
  return [
    h('section', { class: 'coverage', 'aria-labelledby': 'coverage-title' }, [
      h('h2', { id: 'coverage-title' }, 'Coverage'),
      ...coverageSentences(coverages).map((text) => h('p', { class: 'warning' }, text)),
      ...alike.flatMap((same) => changedTable(same)),
      functionTable(coverages),
    ]),
  ];
}

const table = (heads: readonly string[], rows: readonly (readonly Child[])[], caption: string): Element =>
  h('table', { class: 'plain' }, [
    h('caption', {}, caption),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map((head) => h('th', { scope: 'col' }, head)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((cells) =>
        h(
          'tr',
          {},
          cells.map((cell) => h('td', {}, cell)),
        ),
      ),
    ),
  ]);

const LOOK: Readonly<Record<ChangedRange['state'], readonly [badge: string, word: string]>> = {
  run: ['o-pass', '✓ run'],
  never: ['o-fail', '✗ never run'],
  'no-code': ['o-not-applicable', '· no code'],
  'not-counted': ['o-vacuous', '? not counted'],
};

function changedTable(same: readonly Coverage[]): Element[] {
  const changed = same[0]?.changed ?? [];
  if (changed.length === 0) return [];
  const { run, code } = changedCounts(changed);
  const on = same.map(({ target }) => harmless(target)).join(', ');
  const rows = changed.map((range): Child[] => {
    const [badge, word] = LOOK[range.state];
    const any = range.background ? ' (any process runs it)' : '';
    return [h('code', {}, placeOf(range)), h('span', { class: `badge wide ${badge}` }, word), clauseList(range, any)];
  });
  const caption = `The series' lines: ${run} of ${plural(code, 'line')} with code run on ${on}`;
  return [table(['lines', '', 'by clauses'], rows, caption)];
}

const SHOWN = 12;

function clauseList({ clauses }: ChangedRange, after: string): Child {
  const text = clauses.map((clause) => harmless(clause));
  if (text.length <= SHOWN) return `${text.join(' ')}${after}`;
  return h('details', {}, h('summary', {}, `${plural(text.length, 'clause')}${after}`), text.join(' '));
}

function functionTable(coverages: readonly Coverage[]): Element {
  const places = new Map<string, { readonly file: string; readonly name: string }>();
  for (const { functions } of coverages)
    for (const { file, name, told } of functions) if (told) places.set(`${file} ${name}`, { file, name });
  const rows = [...places.values()].map(({ file, name }): Child[] => [
    h('code', {}, harmless(`${file} ${name}`)),
    ...coverages.map(({ functions }): Child => {
      const found = functions.find((each) => each.file === file && each.name === name);
      return found === undefined ? '-' : share(found.run, found.lines);
    }),
  ]);
  const details = table(
    ['function', ...coverages.map(({ target }) => harmless(target))],
    rows,
    'Functions that the contract or the series names: lines run of lines with code',
  );
  return h('details', {}, h('summary', {}, 'Functions of the mmap path'), details);
}

const WIDTH = 80;

/** A bar with its numbers beside it. */
const share = (run: number, lines: number): Element =>
  h('span', { class: 'bar-cell' }, [
    h('svg', { width: WIDTH, height: 8, 'aria-hidden': 'true' }, [
      h('rect', { class: 'o-not-applicable', width: WIDTH, height: 8 }),
      h('rect', { class: 'o-pass', width: lines === 0 ? 0 : Math.round((WIDTH * run) / lines), height: 8 }),
    ]),
    ` ${run}/${lines}`,
  ]);
