/** How each outcome looks: a sign that is readable without colour, a word, a colour. */
import type { Counts, Outcome } from '../../core/outcome.ts';
import type { Screen } from '../../core/screen.ts';

export type Paint = Screen['style'];

/** For what is no terminal. */
export const PLAIN: Paint = (_style, text) => text;

interface Look {
  readonly sign: string;
  readonly word: string;
  /** In counts: `3 ✓`, `1 fault`. */
  readonly short: string;
  readonly style: Parameters<Paint>[0];
}

export const LOOKS: Readonly<Record<Outcome, Look>> = {
  pass: { sign: '✓', word: 'pass', short: '✓', style: 'green' },
  fail: { sign: '✗', word: 'fail', short: '✗', style: 'red' },
  fault: { sign: '!', word: 'fault', short: 'fault', style: 'red' },
  flaky: { sign: '~', word: 'flaky', short: 'flaky', style: 'red' },
  error: { sign: '?', word: 'error', short: 'error', style: 'yellow' },
  vacuous: { sign: '?', word: 'vacuous', short: 'vacuous', style: 'yellow' },
  changed: { sign: '≠', word: 'changed', short: 'changed', style: 'yellow' },
  known: { sign: '·', word: 'known', short: 'known', style: 'dim' },
  'not-applicable': { sign: '–', word: 'not applicable', short: 'n/a', style: 'dim' },
};

/** Good news first, then the worst. */
const ORDER: readonly Outcome[] = [
  'pass',
  'fail',
  'fault',
  'flaky',
  'error',
  'vacuous',
  'changed',
  'known',
  'not-applicable',
];

/** `11 ✓  1 ✗  1 changed`. */
export function shortCounts(counts: Counts, paint: Paint): string {
  return ORDER.filter((outcome) => counts[outcome] > 0)
    .map((outcome) => paint(LOOKS[outcome].style, `${counts[outcome]} ${LOOKS[outcome].short}`))
    .join('  ');
}

/** `57 pass, 1 fail, 2 not applicable`. */
export function longCounts(counts: Counts, paint: Paint): string {
  return ORDER.filter((outcome) => counts[outcome] > 0)
    .map((outcome) => paint(LOOKS[outcome].style, `${counts[outcome]} ${LOOKS[outcome].word}`))
    .join(', ');
}
