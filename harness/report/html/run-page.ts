/** The page of one run. What needs no script is in the markup: the verdict, what is to be looked at, where the time went. */
import type { Cell, Event } from '../../core/events.ts';
import { OUTCOMES, type Counts, type Outcome } from '../../core/outcome.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import { titleOf } from '../catalogue.ts';
import { formatDuration, shortenHome } from '../format.ts';
import { coveragesOf } from '../lines/coverage.ts';
import { describeSource } from '../lines/header.ts';
import { LOOKS } from '../lines/paint.ts';
import { verdictLine } from '../lines/summary.ts';
import type { ReportOptions } from '../reporter.ts';
import { allCells, applyEvent, countsOf, createRunState, undecidedCells, type RunState } from '../run-state.ts';
import { coverageSection } from './coverage.ts';
import { createEvidenceReader } from './evidence.ts';
import { pageFault, runData } from './run-data.ts';
import { hero, moodOf } from './hero.ts';
import { seriesList } from './parts.ts';
import { runScript } from './script.ts';
import { h, type Child, type Element } from './shared/node.ts';
import { renderDocument } from './shell.ts';
import { drawStages } from './stages.ts';

/** Worst first. */
const ATTENTION: readonly Outcome[] = ['fault', 'fail', 'flaky', 'error', 'vacuous', 'changed'];
const SHOWN = 6;

export function renderRunPage(events: readonly Event[], options: ReportOptions): string {
  const state = createRunState();
  for (const event of events) applyEvent(state, event);
  const { data, details } = runData(state, options, createEvidenceReader(state.folder));
  const stages = drawStages(events);
  const sections: Element[] = [
    head(state, options),
    h('main', { id: 'main' }, [
      ...attention(state, options),
      h(
        'section',
        { 'aria-labelledby': 'matrix-title' },
        h('h2', { id: 'matrix-title' }, 'Clauses and targets'),
        h('div', { id: 'filters' }),
        h(
          'div',
          { id: 'matrix' },
          h('noscript', {}, 'The matrix is drawn by a script, which this browser does not run.'),
        ),
      ),
      ...coverageSection(coveragesOf(state)),
      ...(stages === null
        ? []
        : [
            h(
              'section',
              { 'aria-labelledby': 'time-title' },
              h('h2', { id: 'time-title' }, 'Where the time went'),
              stages,
            ),
          ]),
      about(state, options),
    ]),
    h('footer', {}, `${harmless(state.tool)} · one file, no request is made`),
  ];
  return renderDocument({
    title: `${headline(state)} · ${kernelName(state)}`,
    body: sections,
    script: runScript(),
    data: { run: data },
    packed: { details },
  });
}

const plain = (_style: unknown, text: string): string => text;

const headline = (state: RunState): string =>
  harmless(verdictLine(state, countsOf(state), plain)).replace(/ \(exit \d+\)$/, '');
const kernelName = (state: RunState): string =>
  state.kernel === null ? 'no kernel' : `Linux ${harmless(state.kernel.version)}`;

function head(state: RunState, options: ReportOptions): Element {
  const counts = countsOf(state);
  const undecided = [...state.targets.values()].flatMap(undecidedCells).length;
  const { kernel } = state;
  const series = kernel?.series ?? [];
  return hero(
    {
      mood: moodOf(state.end?.exitCode ?? null),
      name: harmless(state.folder.split('/').at(-1) ?? ''),
      headline: headline(state),
      about: [
        h('strong', {}, kernelName(state)),
        kernel === null ? '' : ` ${describeSource(kernel, options.home)}`,
        series.length === 0 ? '' : ` + ${plural(series.length, 'patch', 'patches')}`,
      ],
    },
    ...seriesList(series),
    proportions(counts, undecided),
    h(
      'ul',
      { class: 'counts' },
      OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) =>
        h('li', {}, badge(outcome), h('b', {}, String(counts[outcome])), ` ${LOOKS[outcome].word}`),
      ),
      undecided === 0 ? [] : h('li', {}, h('b', {}, String(undecided)), ' not run'),
    ),
    factRow(state),
  );
}

const badge = (outcome: Outcome): Element =>
  h('span', { class: `badge o-${outcome}`, 'aria-hidden': 'true' }, LOOKS[outcome].sign);

/** One line, each outcome as wide as its share; a single bad cell among hundreds is still seen. */
function proportions(counts: Counts, undecided: number): Element {
  const all = Object.values(counts).reduce((sum, count) => sum + count, undecided);
  let x = 0;
  const bars: Element[] = [];
  const shares = OUTCOMES.map((outcome) => ({ outcome, share: all === 0 ? 0 : counts[outcome] / all }));
  const seen = shares.map(({ outcome, share }) => ({ outcome, share: share === 0 ? 0 : Math.max(share, 0.006) }));
  const sum = Math.max(
    1,
    seen.reduce((total, { share }) => total + share, 0),
  );
  for (const { outcome, share } of seen) {
    if (share === 0) continue;
    const width = (100 * share) / sum;
    bars.push(
      h('rect', { class: `share o-${outcome}`, x: `${x.toFixed(2)}%`, width: `${width.toFixed(2)}%`, height: 10 }),
    );
    x += width;
  }
  return h('svg', { class: 'proportions', width: '100%', height: 10, 'aria-hidden': 'true' }, bars);
}

function factRow(state: RunState): Element {
  const took = state.end?.durationMs ?? (state.startedAt === null ? 0 : state.lastAt - state.startedAt);
  const targets = [...state.targets.values()].map(({ name, accel }) =>
    harmless(accel === null ? name : `${name} (${accel})`),
  );
  const facts: readonly (readonly [string, string])[] = [
    ['Targets', targets.join(', ')],
    ['Profile', harmless(state.profile)],
    [
      'Started',
      state.startedAt === null ? '' : `${new Date(state.startedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    ],
    ['Took', formatDuration(took)],
    ['Exit code', state.end === null ? 'none: killed' : String(state.end.exitCode)],
  ];
  return h(
    'dl',
    { class: 'facts' },
    facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** What a reader should look at first: one entry a clause and reason, since the same trouble mostly takes many cells. */
function attention(state: RunState, options: ReportOptions): Element[] {
  const bad = allCells(state).filter((cell) => ATTENTION.includes(cell.outcome));
  const groups = [...Map.groupBy(bad, (cell) => `${cell.outcome} ${cell.clause}`).values()].toSorted(
    ([a], [b]) => ATTENTION.indexOf(a?.outcome ?? 'changed') - ATTENTION.indexOf(b?.outcome ?? 'changed'),
  );
  const faults = [...state.targets.values()].flatMap((target) =>
    target.faults.map(({ during, fault }) => ({ target: target.name, during, fault })),
  );
  const notes = [...state.notes, ...[...state.targets.values()].flatMap(({ notes: own }) => own)].filter(
    ({ level }) => level !== 'info',
  );
  if (groups.length + faults.length + notes.length === 0) return [];
  const entries = groups.map((cells) => entry(cells, options));
  const rest = entries.slice(SHOWN);
  return [
    h(
      'section',
      { class: 'attention', 'aria-labelledby': 'attention-title' },
      h('h2', { id: 'attention-title' }, 'To look at'),
      faults.map(({ target, during, fault }) => kernelFault(target, during, pageFault(fault))),
      notes.map(({ level, text, hint, target }) =>
        h(
          'div',
          { class: `note-block ${level}` },
          h(
            'p',
            {},
            h('b', {}, target === null ? level : `${harmless(target)}: ${level}`),
            ` ${harmless(text.split('\n', 1)[0] ?? '')}`,
          ),
          text.includes('\n')
            ? h(
                'pre',
                {},
                text
                  .split('\n')
                  .slice(1)
                  .map((line) => harmless(line))
                  .join('\n'),
              )
            : [],
          hint === '' ? [] : h('p', { class: 'note' }, harmless(hint)),
        ),
      ),
      h('ul', { class: 'entries' }, entries.slice(0, SHOWN)),
      rest.length === 0
        ? []
        : h('details', {}, h('summary', {}, plural(rest.length, 'more clause')), h('ul', { class: 'entries' }, rest)),
    ),
  ];
}

function entry(cells: readonly Cell[], options: ReportOptions): Element {
  const [first] = cells;
  if (first === undefined) return h('li');
  const { sign, word } = LOOKS[first.outcome];
  const links = cells.map((cell): Child =>
    h('a', { href: `#${cell.clause}-${cell.path}-${cell.target}` }, harmless(`${cell.path} ${cell.target}`)),
  );
  return h(
    'li',
    {},
    h('span', { class: `badge wide o-${first.outcome}` }, `${sign} ${word}`),
    h('div', {}, [
      h('p', { class: 'entry-title' }, h('b', {}, first.clause), ` ${titleOf(options.catalogue, first.clause)}`),
      h('p', { class: 'reason' }, harmless(first.reason)),
      h('p', { class: 'links' }, links),
    ]),
  );
}

function kernelFault(target: string, during: string, fault: ReturnType<typeof pageFault>): Element {
  return h(
    'div',
    { class: 'note-block error' },
    h('p', {}, h('b', {}, `${harmless(target)}, ${harmless(during)}: `), fault.title),
    fault.frames.length === 0 ? [] : h('pre', {}, fault.frames.join('\n')),
    h('details', {}, h('summary', {}, 'The kernel’s own lines'), h('pre', {}, fault.lines.join('\n'))),
  );
}

function about(state: RunState, options: ReportOptions): Element {
  const builds = [...state.targets.values()].flatMap(({ build }) => (build === null ? [] : [build]));
  const infos = [...state.notes, ...[...state.targets.values()].flatMap(({ notes }) => notes)].filter(
    ({ level }) => level === 'info',
  );
  const rows: readonly (readonly [string, string])[] = [
    ['Command', state.command.join(' ')],
    ['Run folder', shortenHome(state.folder, options.home)],
    ...builds.flatMap((build): (readonly [string, string])[] => [
      [`Build of ${build.target}`, `${build.release}, ${build.compiler}${build.reused ? ', already built' : ''}`],
      [`Key of ${build.target}`, build.key],
    ]),
    ...infos.map(({ target, text }): readonly [string, string] => [
      target === null ? 'Note' : `Note on ${target}`,
      text,
    ]),
  ];
  return h(
    'section',
    { 'aria-labelledby': 'about-title' },
    h('h2', { id: 'about-title' }, 'About this run'),
    h(
      'dl',
      { class: 'about' },
      rows.map(([name, value]) => h('div', {}, h('dt', {}, harmless(name)), h('dd', {}, harmless(value)))),
    ),
  );
}
