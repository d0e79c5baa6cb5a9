/**
 * What one cell's lines in the probes' transcript say (docs/probe-output.md), and how a diagnostic line adds to it.
 * All text is harmless and bounded.
 */
import type { Fact } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { harmless, pushBounded, type Bounded } from './untrusted.ts';

export type ProbeOutcome = Exclude<Outcome, 'flaky' | 'known'>;

/** The diagnostics of one cell: all that is left of a probe that died before its result. */
export interface ProbeFacts {
  /** `E02.direct`. */
  readonly cell: string;
  readonly clause: string;
  readonly path: string;
  readonly driver: readonly Fact[];
  readonly user: readonly Fact[];
  /** The driver's events, one `key=value …` line an event. */
  readonly log: readonly string[];
  /** Hook counters by event type; they do not pass through the ring, so a lie can't change them. */
  readonly counts: Readonly<Record<string, number>>;
  readonly vmas: readonly string[];
  /** What the kernel itself logged meanwhile, from /dev/kmsg: no serial line garbles it. */
  readonly kmsg: readonly string[];
  /** Warnings that the probe saw in /dev/kmsg; `ok` marks the one that the clause must provoke. */
  readonly splats: readonly Fact[];
  readonly changed: string | null;
  /** Of an X clause: what both observers saw, in canonical words. */
  readonly observed: { readonly driver: readonly string[]; readonly user: readonly string[] };
  readonly taint: { readonly before: number; readonly after: number } | null;
  readonly durationMs: number | null;
  /** Its diagnostics as they came, without their `# `, and its result line. */
  readonly said: readonly string[];
  /** Lines that were one too many for their list. */
  readonly lost: number;
}

export interface ProbeReport extends ProbeFacts {
  readonly outcome: ProbeOutcome;
  /** One sentence in the probe's words; empty for a plain pass. */
  readonly reason: string;
}

const LIMITS = { facts: 64, log: 1024, counts: 32, vmas: 256, kmsg: 500, splats: 16, said: 2500, text: 500 } as const;
const CELL = /^([A-Z]\d{2})\.(direct|W[1-5]|user)$/;

export interface CellName {
  readonly cell: string;
  readonly clause: string;
  readonly path: string;
}

/** `E02.direct` taken apart; null for anything else. */
export function parseCellName(text: string): CellName | null {
  const match = CELL.exec(text);
  return match === null ? null : { cell: text, clause: match[1] ?? '', path: match[2] ?? '' };
}

/** Collects the diagnostics of one cell. */
export interface FactCollector {
  readonly name: CellName;
  /** Takes the text after `# `. Lines that the format does not know are left out. */
  add(text: string): void;
  facts(): ProbeFacts;
}

export function collectFacts(name: CellName): FactCollector {
  const driver = bounded<Fact>();
  const user = bounded<Fact>();
  const splats = bounded<Fact>();
  const sawDriver = bounded<string>();
  const sawUser = bounded<string>();
  const log = bounded<string>();
  const vmas = bounded<string>();
  const kmsg = bounded<string>();
  const said = bounded<string>();
  const counts = new Map<string, number>();
  let changed: string | null = null;
  let taint: ProbeFacts['taint'] = null;
  let durationMs: number | null = null;

  const fact = (list: Bounded<Fact>, limit: number) => (match: RegExpExecArray) =>
    pushBounded(list, limit, { ok: match[1] === 'ok', text: harmless(match[2] ?? '', LIMITS.text) });

  const saw = (match: RegExpExecArray) =>
    pushBounded(match[1] === 'driver' ? sawDriver : sawUser, LIMITS.facts, harmless(match[2] ?? '', LIMITS.text));

  const readers: readonly (readonly [RegExp, (match: RegExpExecArray) => void])[] = [
    [/^driver (ok|bad): (.*)$/, fact(driver, LIMITS.facts)],
    [/^user (ok|bad): (.*)$/, fact(user, LIMITS.facts)],
    [/^observed (driver|user): (.*)$/, saw],
    [/^splat (ok|bad): (.*)$/, fact(splats, LIMITS.splats)],
    [/^log (.*)$/, (match) => pushBounded(log, LIMITS.log, harmless(match[1] ?? '', LIMITS.text))],
    [/^kmsg (.*)$/, (match) => pushBounded(kmsg, LIMITS.kmsg, harmless(match[1] ?? '', LIMITS.text))],
    [/^vma (.*)$/, (match) => pushBounded(vmas, LIMITS.vmas, harmless(match[1] ?? '', LIMITS.text))],
    [/^changed (.*)$/, (match) => (changed = harmless(match[1] ?? '', LIMITS.text))],
    [/^taint before=(\w{1,18}) after=(\w{1,18})$/, (match) => (taint = parseTaint(match[1], match[2]) ?? taint)],
    [/^duration (\d{1,9}) ms$/, (match) => (durationMs = Number(match[1]))],
    [/^count (.*)$/, (match) => addCounts(counts, match[1] ?? '')],
  ];

  return {
    name,
    add(text) {
      pushBounded(said, LIMITS.said, harmless(text, LIMITS.text));
      for (const [pattern, read] of readers) {
        const match = pattern.exec(text);
        if (match === null) continue;
        read(match);
        return;
      }
    },
    facts: () => ({
      ...name,
      driver: driver.items,
      user: user.items,
      log: log.items,
      counts: Object.fromEntries(counts),
      vmas: vmas.items,
      kmsg: kmsg.items,
      splats: splats.items,
      changed,
      observed: { driver: sawDriver.items, user: sawUser.items },
      taint,
      durationMs,
      said: said.items,
      lost: driver.lost + user.lost + log.lost + vmas.lost + kmsg.lost + splats.lost + sawDriver.lost + sawUser.lost,
    }),
  };
}

function bounded<T>(): Bounded<T> {
  return { items: [], lost: 0 };
}

function parseTaint(before = '', after = ''): ProbeFacts['taint'] {
  const values = { before: Number(before), after: Number(after) };
  return Number.isSafeInteger(values.before) && Number.isSafeInteger(values.after) ? values : null;
}

function addCounts(counts: Map<string, number>, text: string): void {
  for (const word of text.slice(0, LIMITS.text).split(' ')) {
    const match = /^([a-z][a-z_-]{0,31})=(\d{1,15})$/.exec(word);
    if (match !== null && counts.size < LIMITS.counts) counts.set(match[1] ?? '', Number(match[2]));
  }
}
