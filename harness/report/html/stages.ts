/** Where the time went: a lane for what all targets share and one or more a target, stages and cells as stretches of time. */
import type { Event, Stage } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import { harmless } from '../../probe/untrusted.ts';
import { formatDuration } from '../format.ts';
import { h, type Element } from './shared/node.ts';

/** Stages that hold those of the guests in them. */
const WHOLE: ReadonlySet<Stage> = new Set(['probe', 'repeat']);

export interface Span {
  readonly stage: Stage;
  readonly target: string | null;
  /** Number of the guest; null for what its target shares. */
  readonly guest: number | null;
  readonly from: number;
  readonly to: number;
  readonly ok: boolean;
  readonly reused: boolean;
  readonly detail: string;
}

interface CellSpan {
  readonly target: string;
  readonly outcome: Outcome;
  readonly from: number;
  readonly to: number;
}

const LANE = 26;
const CELLS = 8;
const GAP = 12;
const AXIS = 24;
/** Shorter stages are left out of the picture; the table has them. */
const VISIBLE = 0.002;

/** What never ended is drawn up to the last event. */
export function spansOf(events: readonly Event[]): { readonly stages: Span[]; readonly cells: CellSpan[] } {
  const stages: Span[] = [];
  const cells: CellSpan[] = [];
  const open = new Map<string, Extract<Event, { kind: 'stage-start' }>>();
  const started = new Map<string, number>();
  let last = 0;
  for (const event of events) {
    const at = Date.parse(event.at);
    last = Math.max(last, at);
    if (event.kind === 'stage-start') open.set(stageName(event), event);
    if (event.kind === 'stage-end') {
      const { target, guest, stage, ok, reused, detail } = event;
      open.delete(stageName(event));
      stages.push({ target, guest: guest ?? null, stage, ok, reused, detail, from: at - event.durationMs, to: at });
    }
    if (event.kind === 'cell-start') started.set(cellName(event.cell), at);
    if (event.kind === 'cell') {
      const from = started.get(cellName(event.cell));
      if (from !== undefined) cells.push({ target: event.cell.target, outcome: event.cell.outcome, from, to: at });
    }
  }
  for (const { target, guest, stage, detail, at } of open.values())
    stages.push({
      target,
      guest: guest ?? null,
      stage,
      detail,
      ok: false,
      reused: false,
      from: Date.parse(at),
      to: last,
    });
  const hasGuests = stages.some(({ guest }) => guest !== null);
  return {
    stages: stages
      .filter(({ guest, stage }) => !hasGuests || guest !== null || !WHOLE.has(stage))
      .toSorted((a, b) => a.from - b.from),
    cells,
  };
}

const stageName = ({
  target,
  guest,
  stage,
}: {
  target: string | null;
  guest?: number | undefined;
  stage: Stage;
}): string => `${target} ${guest} ${stage}`;

const cellName = (cell: { clause: string; path: string; target: string }): string =>
  `${cell.clause} ${cell.path} ${cell.target}`;

export function drawStages(events: readonly Event[]): Element | null {
  const { stages, cells } = spansOf(events);
  const first = stages[0]?.from;
  if (first === undefined) return null;
  const until = Math.max(...stages.map(({ to }) => to), ...cells.map(({ to }) => to));
  const whole = Math.max(1, until - first);
  const percent = (ms: number): string => `${((100 * ms) / whole).toFixed(2)}%`;
  const targets = [...new Set(stages.map(({ target }) => target))].toSorted((a, b) =>
    a === null ? -1 : b === null ? 1 : 0,
  );
  let y = AXIS;
  const rows: Element[] = [];
  for (const target of targets) {
    const lanes = lanesOf(stages.filter((span) => span.target === target));
    const name = target ?? 'source';
    const parts: Element[] = [h('text', { class: 'lane-name', x: 0, y: y + 11 }, harmless(name))];
    y += 16;
    for (const lane of lanes) {
      for (const span of lane)
        if ((span.to - span.from) / whole >= VISIBLE) parts.push(stageBar(span, y, first, percent));
      y += LANE;
    }
    const own = mergeCells(cells.filter((cell) => cell.target === target));
    parts.push(...own.map((cell) => cellBar(cell, y, first, percent)));
    y += own.length > 0 ? CELLS + GAP : GAP;
    rows.push(h('g', {}, parts));
  }
  const label = `${formatDuration(whole)} in all. ${stages.map((span) => stageWords(span)).join('; ')}`;
  return h(
    'div',
    { class: 'stages' },
    h(
      'svg',
      { class: 'timeline', width: '100%', height: y, role: 'img', 'aria-label': label },
      timeAxis(whole, y, percent),
      rows,
    ),
    stageTable(stages),
  );
}

/** A guest's stages stay in one lane; what ran at the same time gets lanes of its own. */
export function lanesOf(spans: readonly Span[]): Span[][] {
  const lanes: Span[][] = [];
  // What belongs to no guest goes one by one.
  for (const own of Map.groupBy(spans, (span) => (span.guest === null ? span : span.guest)).values()) {
    const from = own[0]?.from ?? 0;
    const free = lanes.find((lane) => (lane.at(-1)?.to ?? 0) <= from + 1);
    if (free === undefined) lanes.push([...own]);
    else free.push(...own);
  }
  return lanes;
}

const stageWords = ({ target, guest, stage, from, to }: Span): string =>
  [target, guest === null ? null : `guest ${guest}`, stage, formatDuration(to - from)]
    .filter((word) => word !== null)
    .join(' ');

function stageBar(span: Span, y: number, first: number, percent: (ms: number) => string): Element {
  const { stage, from, to, ok, reused } = span;
  const x = percent(from - first);
  const classes = ['stage', stage, ok ? '' : 'broken', reused ? 'reused' : ''].filter((name) => name !== '').join(' ');
  const width = percent(to - from);
  return h(
    'g',
    { class: classes },
    h('rect', { x, y, width, height: LANE - 6, rx: 3 }),
    Number.parseFloat(width) > 4 + stage.length * 0.6
      ? h('text', { x, dx: 7, y: y + 14 }, ok ? stage : `${stage} ✗`)
      : [],
    h('title', {}, `${stageWords(span)}${reused ? ', already there' : ''}${ok ? '' : ', failed'}`),
  );
}

/** Neighbours of one outcome are one stretch: nobody can see seven hundred cells. */
function mergeCells(cells: readonly CellSpan[]): CellSpan[] {
  const merged: CellSpan[] = [];
  for (const cell of cells) {
    const last = merged.at(-1);
    if (last !== undefined && last.outcome === cell.outcome && cell.from - last.to < 200)
      merged[merged.length - 1] = { ...last, to: cell.to };
    else merged.push(cell);
  }
  return merged;
}

const cellBar = ({ outcome, from, to }: CellSpan, y: number, first: number, percent: (ms: number) => string): Element =>
  h(
    'rect',
    {
      class: `cells o-${outcome}`,
      x: percent(from - first),
      y: y - 3,
      width: percent(Math.max(to - from, 1)),
      height: CELLS,
    },
    h('title', {}, `cells: ${outcome}, ${formatDuration(to - from)}`),
  );

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400].map((seconds) => seconds * 1000);

function timeAxis(whole: number, height: number, percent: (ms: number) => string): Element {
  const step = STEPS.find((each) => whole / each <= 8) ?? STEPS.at(-1) ?? whole;
  const marks = Array.from({ length: Math.floor(whole / step) + 1 }, (_, index) => index * step);
  return h(
    'g',
    { class: 'axis' },
    marks.flatMap((ms) =>
      [
        h('line', { x1: percent(ms), x2: percent(ms), y1: 18, y2: height }),
        ms / whole > 0.94
          ? []
          : h('text', { x: percent(ms), dx: 3, y: 12 }, ms < 120_000 ? `${ms / 1000} s` : `${ms / 60_000} min`),
      ].flat(),
    ),
  );
}

function stageTable(stages: readonly Span[]): Element {
  return h(
    'details',
    {},
    h('summary', {}, 'The same as a table'),
    h(
      'table',
      { class: 'plain' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['target', 'stage', 'took', ''].map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        {},
        stages.map((span) =>
          h(
            'tr',
            {},
            h('td', {}, harmless(`${span.target ?? 'all'}${span.guest === null ? '' : ` guest ${span.guest}`}`)),
            h('td', {}, span.stage),
            h('td', { class: 'number' }, formatDuration(span.to - span.from)),
            h(
              'td',
              {},
              harmless(
                [span.reused ? 'already there' : '', span.ok ? '' : 'failed', span.detail]
                  .filter((text) => text !== '')
                  .join(', '),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
