/** Where the time of a run went: its stages against time, as text for a terminal and as a picture. Pure. */
import type { Event, Stage } from '../core/events.ts';
import { formatBytes } from '../core/words.ts';
import { formatDuration, padTo } from './format.ts';
import { element, renderXml, type XmlNode } from './xml.ts';

export interface Span {
  /** `x86_64`, or empty for what all targets share. */
  readonly target: string;
  /** Number of the guest, null for what its target shares. */
  readonly guest: number | null;
  readonly stage: Stage;
  /** Milliseconds since the start of the run. */
  readonly from: number;
  readonly to: number;
  readonly reused: boolean;
}

/** Stages that hold others in them: their parts tell more. */
const WHOLE: ReadonlySet<Stage> = new Set(['probe', 'repeat']);

/** All finished stages, in the order in which they began. */
export function spansOf(events: readonly Event[]): Span[] {
  const start = events.find((event) => event.kind === 'run-start');
  if (start === undefined) return [];
  const zero = Date.parse(start.at);
  const hasGuests = events.some((event) => event.kind === 'guest');
  return events
    .flatMap((event) => {
      if (event.kind !== 'stage-end') return [];
      const { target, guest, stage, durationMs, reused } = event;
      if (hasGuests && guest === undefined && WHOLE.has(stage)) return [];
      const to = Date.parse(event.at) - zero;
      return [{ target: target ?? '', guest: guest ?? null, stage, from: Math.max(0, to - durationMs), to, reused }];
    })
    .toSorted((a, b) => a.from - b.from);
}

const rowName = ({ target, guest }: Span): string =>
  [target === '' ? 'all' : target, guest === null ? '' : `guest ${guest}`].filter((part) => part !== '').join(' ');

const rowsOf = (spans: readonly Span[]): [string, Span[]][] => [...Map.groupBy(spans, rowName)];

/** One letter a stage, each of them a column of time. */
const LETTERS: Readonly<Record<Stage, string>> = {
  source: 's',
  config: 'c',
  build: 'B',
  image: 'i',
  boot: 'b',
  restore: 'r',
  connect: 'c',
  module: 'm',
  probe: 'P',
  repeat: 'R',
  collect: 'o',
};

/** A chart of so many columns, then the sum of each stage. */
export function timingText(spans: readonly Span[], columns = 100): string[] {
  if (spans.length === 0) return [];
  const end = Math.max(...spans.map((span) => span.to), 1);
  const rows = rowsOf(spans);
  const label = Math.max(...rows.map(([name]) => name.length));
  const width = Math.max(20, columns - label - 4);
  const chart = rows.map(([name, row]) => {
    const cells = Array.from({ length: width }, () => ' ');
    for (const { stage, from, to } of row) {
      const first = Math.min(width - 1, Math.floor((from / end) * width));
      const last = Math.max(first + 1, Math.ceil((to / end) * width));
      cells.fill(LETTERS[stage], first, Math.min(width, last));
    }
    return `  ${padTo(name, label)}  ${cells.join('').trimEnd()}`;
  });
  const sums = [
    ...Map.groupBy(spans, ({ target, stage }) => `${padTo(target === '' ? 'all' : target, label)}  ${stage}`),
  ];
  return [
    `  ${padTo('', label)}  0 ${'─'.repeat(Math.max(0, width - 4 - formatDuration(end).length))} ${formatDuration(end)}`,
    ...chart,
    '',
    ...sums.map(([name, all]) => {
      const sum = all.reduce((total, span) => total + span.to - span.from, 0);
      const each = all.length === 1 ? '' : `  ${all.length} × ${formatDuration(sum / all.length)}`;
      return `  ${padTo(name, label + 10)}  ${formatDuration(sum)}${each}`;
    }),
  ];
}

export interface GuestMemory {
  readonly target: string;
  readonly guest: number;
  /** What its kernel had for itself at its end, in KiB; null where it did not say. */
  readonly kib: number | null;
}

/** The guest of each target whose kernel had most. */
export function memoryText(guests: readonly GuestMemory[]): string[] {
  const told = guests.flatMap(({ kib, ...guest }) => (kib === null ? [] : [{ ...guest, kib }]));
  const rows = [...Map.groupBy(told, ({ target }) => target)];
  const label = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, all]) => {
    const { guest, kib } = all.reduce((most, each) => (each.kib > most.kib ? each : most));
    const of = all.length === 1 ? '' : `, the most of ${all.length}`;
    return `  ${padTo(name, label)}  kernel memory ${formatBytes(kib * 1024)} at the end of guest ${guest}${of}`;
  });
}

const COLOURS: Readonly<Record<Stage, string>> = {
  source: '#8c8c8c',
  config: '#b07aa1',
  build: '#4e79a7',
  image: '#9c755f',
  boot: '#e15759',
  restore: '#f28e2b',
  connect: '#edc948',
  module: '#76b7b2',
  probe: '#59a14f',
  repeat: '#af7aa1',
  collect: '#bab0ac',
};

const LEFT = 130;
const WIDTH = 900;
const ROW = 18;

/** The same as a picture, an SVG document of its own. */
export function timingSvg(spans: readonly Span[]): string {
  const end = Math.max(...spans.map((span) => span.to), 1);
  const rows = rowsOf(spans);
  const x = (ms: number): number => LEFT + (ms / end) * (WIDTH - LEFT - 20);
  const text = (attributes: Readonly<Record<string, string>>, content: string): XmlNode =>
    element('text', { fill: 'currentColor', ...attributes }, [content]);
  const box = (at: { x: number; y: number; width: number; height: number }, stage: Stage, title: string): XmlNode =>
    element(
      'rect',
      {
        x: at.x.toFixed(1),
        y: at.y.toFixed(1),
        width: at.width.toFixed(1),
        height: at.height.toFixed(1),
        fill: COLOURS[stage],
      },
      [element('title', {}, [title])],
    );
  const bars = rows.flatMap(([name, row], index) => [
    text({ x: '8', y: String(index * ROW + 33) }, name),
    ...row.map(({ stage, from, to }) =>
      box(
        { x: x(from), y: index * ROW + 22, width: Math.max(1, x(to) - x(from)), height: ROW - 4 },
        stage,
        `${stage} ${formatDuration(to - from)}`,
      ),
    ),
  ]);
  const legendAt = rows.length * ROW + 44;
  const legend = [...new Set(spans.map((span) => span.stage))].flatMap((stage, index) => [
    box({ x: LEFT + index * 80, y: legendAt - 10, width: 12, height: 12 }, stage, stage),
    text({ x: String(LEFT + index * 80 + 16), y: String(legendAt) }, stage),
  ]);
  const height = rows.length * ROW + 60;
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${WIDTH} ${height}`,
    'font-family': 'system-ui, sans-serif',
    'font-size': '11',
  };
  return renderXml(
    element('svg', attributes, [
      text({ x: String(LEFT), y: '14' }, '0 s'),
      text({ x: String(WIDTH - 20), y: '14', 'text-anchor': 'end' }, formatDuration(end)),
      ...bars,
      ...legend,
    ]),
  );
}
