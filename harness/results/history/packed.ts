/** The verdicts of one run on one target as bytes: eight a cell, little endian. */
import { OUTCOMES, type Outcome } from '../../core/outcome.ts';
import { OUTCOME_CODES } from './schema.ts';

export interface PackedVerdict {
  /** Of the `cell` table. */
  readonly cell: number;
  readonly outcome: Outcome;
  /** False where the probe never started. */
  readonly ran: boolean;
  readonly durationMs: number;
}

const BYTES = 8;
/** The second word: 27 bits of milliseconds, one for "the probe ran", 4 of outcome. */
const RAN = 1 << 4;
const OUTCOME = RAN - 1;
const DURATION_SHIFT = 5;
const LONGEST = 2 ** 27 - 1;

const BY_CODE = OUTCOMES.toSorted((a, b) => OUTCOME_CODES[a] - OUTCOME_CODES[b]);

export function packVerdicts(verdicts: readonly PackedVerdict[]): Uint8Array {
  const bytes = new Uint8Array(verdicts.length * BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { cell, outcome, ran, durationMs }] of verdicts.entries()) {
    const duration = Math.min(LONGEST, Math.max(0, Math.round(durationMs)));
    view.setUint32(index * BYTES, cell, true);
    view.setUint32(index * BYTES + 4, duration * 2 ** DURATION_SHIFT + (ran ? RAN : 0) + OUTCOME_CODES[outcome], true);
  }
  return bytes;
}

/**
 * Hands on each cell's number and word, without an object for each: a history has a million of them. An outcome that
 * this version does not know is left out: a newer one wrote it.
 */
export function eachVerdict(bytes: Uint8Array, take: (cell: number, word: number) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + BYTES <= bytes.byteLength; at += BYTES) {
    const word = view.getUint32(at + 4, true);
    if ((word & OUTCOME) < BY_CODE.length) take(view.getUint32(at, true), word);
  }
}

export const outcomeOf = (word: number): Outcome => BY_CODE[word & OUTCOME] ?? 'error';
export const ranOf = (word: number): boolean => (word & RAN) !== 0;
export const durationOf = (word: number): number => word >>> DURATION_SHIFT;
