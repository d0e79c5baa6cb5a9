/**
 * The picture of one cell: address upwards, time to the right. Bars are VMAs, marks on them are what the driver's hooks
 * were called with. Time is the order of the log: it has no clock.
 */
import { eventWords } from './event-words.ts';
import { hasRange, parseLog, returned, type LogEvent } from './log.ts';
import { h, type Element } from './node.ts';
import { addressScale, type AddressScale } from './scale.ts';
import { barsOf, type Bar } from './vmas.ts';

const LEFT = 122;
const TOP = 66;
const BOTTOM = 34;
const RIGHT = 26;
const WIDEST = 78;
const NARROWEST = 22;
const ROOM = 950;

interface Grid {
  readonly scale: AddressScale;
  readonly column: number;
  readonly width: number;
  readonly height: number;
  /** The middle of an event's column. */
  readonly x: (at: number) => number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export const EVENT_KINDS: Readonly<Record<string, string>> = {
  prepare: 'mmap_prepare was asked for this range',
  mapped: 'mapped was told of the new VMA',
  open: 'a VMA was split or copied',
  close: 'a VMA went away',
  fault: 'a page was touched for the first time',
  'may-split': 'asked whether the VMA may be split here',
  mremap: 'the VMA was moved',
  mmap: 'the wrapper’s .mmap was entered',
  'mmap-ret': 'the wrapper’s .mmap is about to return',
  release: 'the file was closed',
};

/** @param marked places of events to point at: where two courses part */
export function drawPicture(log: readonly string[], marked: readonly number[] = []): Element {
  const events = parseLog(log);
  const scale = addressScale(events);
  const column = Math.max(NARROWEST, Math.min(WIDEST, ROOM / Math.max(1, events.length)));
  const width = Math.ceil(LEFT + column * events.length + RIGHT);
  const height = Math.ceil(TOP + scale.height + BOTTOM);
  const grid: Grid = { scale, column, width, height, x: (at) => round(LEFT + column * (at + 0.5)) };
  const bars = barsOf(events);
  const label = `${events.length} events in their order: ${events.map(({ type }) => type).join(', ')}`;
  return h(
    'svg',
    { class: 'picture', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    marked.map((at) =>
      h('rect', {
        class: 'parting',
        x: round(grid.x(at) - column / 2),
        y: 4,
        width: round(column),
        height: height - 8,
      }),
    ),
    axis(grid),
    events.map((event) => columnLine(event, grid)),
    bars.map((bar) => drawBar(bar, events, grid)),
    events.map((event) => drawEvent(event, grid)),
  );
}

const placeY = (grid: Grid, address: number): number => round(TOP + grid.scale.y(address));

function axis(grid: Grid): Element {
  const { scale, width } = grid;
  return h(
    'g',
    { class: 'axis' },
    scale.folds.map(({ top, bottom }) =>
      h('text', { class: 'fold', x: LEFT - 60, y: round(TOP + (top + bottom) / 2 + 4), 'text-anchor': 'middle' }, '⋯'),
    ),
    scale.ticks.flatMap(({ address, y }) => [
      h('line', { x1: LEFT - 6, x2: width - RIGHT / 2, y1: round(TOP + y), y2: round(TOP + y) }),
      h('text', { x: LEFT - 10, y: round(TOP + y + 3.5), 'text-anchor': 'end' }, `0x${address.toString(16)}`),
    ]),
  );
}

function columnLine(event: LogEvent, grid: Grid): Element {
  const x = grid.x(event.at);
  const bottom = grid.height - BOTTOM + 6;
  const failed = event.ret < 0;
  return h(
    'g',
    { class: 'column' },
    h('line', { x1: x, x2: x, y1: TOP - 8, y2: bottom }),
    h(
      'text',
      { x, y: TOP - 12, transform: `rotate(-48 ${x} ${TOP - 12})`, class: failed ? 'bad' : 'name' },
      event.type,
    ),
    h('text', { x, y: bottom + 12, 'text-anchor': 'middle', class: 'seq' }, String(event.at + 1)),
    event.ret === 0
      ? []
      : h('text', { x, y: bottom + 24, 'text-anchor': 'middle', class: failed ? 'bad' : 'seq' }, returned(event.ret)),
  );
}

function drawBar(bar: Bar, events: readonly LogEvent[], grid: Grid): Element {
  const inset = 2 + Math.min(3, bar.depth) * 3;
  const x = grid.x(bar.from);
  const right = bar.to === null ? grid.width - RIGHT / 2 : grid.x(Math.min(bar.to, events.length - 1));
  const top = placeY(grid, bar.end) + inset;
  const height = Math.max(3, placeY(grid, bar.start) - inset - top);
  const width = Math.max(2, round(right - x));
  const state = bar.failed ? 'failed' : bar.kind;
  const what = bar.kind === 'vma' ? 'VMA' : 'presumed VMA: no mapped was called';
  const range = `0x${bar.start.toString(16)}-0x${bar.end.toString(16)}`;
  const end = bar.to === null ? ', still there at the end of the log' : '';
  const text = `pgoff ${bar.pgoff}`;
  const place = roomFor(text, x, right, events, bar, grid);
  return h(
    'g',
    { class: `bar ${state}${bar.to === null ? ' unended' : ''}` },
    h('rect', { x, y: round(top), width, height: round(height), rx: 3 }),
    place === null || height < 11 ? [] : h('text', { x: place, y: round(top + height / 2 + 3.5) }, text),
    h('title', {}, `${what} ${range}, pgoff ${bar.pgoff}${end}`),
  );
}

/** Where a bar's text stands clear of the marks on it; null for nowhere. */
function roomFor(
  text: string,
  left: number,
  right: number,
  events: readonly LogEvent[],
  bar: Bar,
  grid: Grid,
): number | null {
  const marks = events.filter((event) => hasRange(event) && event.start < bar.end && event.end >= bar.start);
  const xs = [left, ...marks.map((event) => grid.x(event.at)).filter((x) => x > left && x < right), right];
  const needed = text.length * 6.4 + 22;
  const at = xs.findIndex((x, index) => (xs[index + 1] ?? x) - x >= needed);
  return at === -1 ? null : round((xs[at] ?? 0) + 11);
}

/** Each type has its own shape, so that colour is never all that tells them apart. */
function drawEvent(event: LogEvent, grid: Grid): Element {
  const x = grid.x(event.at);
  const title = h('title', {}, `${event.type} ${eventWords(event)}\n\n${event.line}`);
  const kind = Object.hasOwn(EVENT_KINDS, event.type) ? event.type : 'other';
  const attributes = { class: `event ${kind}${event.ret < 0 ? ' bad' : ''}` };
  if (!hasRange(event)) {
    const y = grid.height - BOTTOM - 1;
    return h('g', attributes, h('rect', { x: x - 4, y: y - 4, width: 8, height: 8 }), title);
  }
  const top = placeY(grid, event.end);
  const bottom = placeY(grid, event.start);
  const middle = round((top + bottom) / 2);
  return h('g', attributes, shape(event, x, top, bottom, middle), title);
}

function shape(event: LogEvent, x: number, top: number, bottom: number, middle: number): Element[] {
  const span = h('line', { x1: x, x2: x, y1: top + 2, y2: bottom - 2 });
  switch (event.type) {
    case 'prepare':
      return [h('rect', { x: x - 6, y: top + 2, width: 12, height: Math.max(4, bottom - top - 4), rx: 3 })];
    case 'mapped':
      return [
        h('rect', { x: x - 6, y: top + 2, width: 12, height: Math.max(4, bottom - top - 4), rx: 3 }),
        // What mapped could read was put there by the action.
        event.fields.has('word_first') ? h('circle', { class: 'inner', cx: x, cy: middle, r: 3 }) : [],
      ].flat();
    case 'open':
      return [span, h('circle', { cx: x, cy: middle, r: 5 }), cross(x, middle, false)];
    case 'close':
      return [span, cross(x, middle, true)];
    case 'fault':
      return [h('circle', { cx: x, cy: bottom - 6, r: 4.5 })];
    case 'may-split':
      return [h('line', { x1: x - 8, x2: x + 8, y1: top, y2: top })];
    case 'mmap':
      return [h('path', { d: `M${x + 4} ${top + 2}h-8V${bottom - 2}h8` })];
    case 'mmap-ret':
      return [h('path', { d: `M${x - 4} ${top + 2}h8V${bottom - 2}h-8` })];
    case 'mremap':
      return [span, h('path', { d: `M${x - 5} ${middle - 4}l5 -5l5 5M${x - 5} ${middle + 4}l5 5l5 -5` })];
    default:
      return [span];
  }
}

const cross = (x: number, y: number, tilted: boolean): Element =>
  h('path', {
    class: 'cross',
    d: tilted ? `M${x - 4} ${y - 4}l8 8M${x + 4} ${y - 4}l-8 8` : `M${x - 3} ${y}h6M${x} ${y - 3}v6`,
  });

export interface Side {
  readonly title: string;
  readonly log: readonly string[];
}

/** Two courses beside each other: a base and a patched kernel, two targets. The first event that differs is marked. */
export function drawBeside(left: Side, right: Side): Element {
  const parting = partingOf(left.log, right.log);
  const figure = ({ title, log }: Side): Element =>
    h(
      'figure',
      {},
      h('figcaption', {}, title),
      h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `Picture: ${title}` }, [
        drawPicture(log, parting !== null && parting < log.length ? [parting] : []),
      ]),
    );
  const words = parting === null ? 'The events are the same, in the same order.' : `They part at event ${parting + 1}.`;
  return h('div', {}, h('p', { class: 'note' }, words), h('div', { class: 'beside' }, figure(left), figure(right)));
}

/** Where types or return values first differ; addresses and ids always do. */
export function partingOf(left: readonly string[], right: readonly string[]): number | null {
  const course = (log: readonly string[]): string[] => parseLog(log).map(({ type, ret }) => `${type} ${ret}`);
  const [one, other] = [course(left), course(right)];
  const longest = Math.max(one.length, other.length);
  for (let at = 0; at < longest; at += 1) if (one[at] !== other[at]) return at;
  return null;
}
