/** The verdicts of one run on one target as bytes: eight a cell, little endian. */
import { endianness } from 'node:os';
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
 * Each cell's number and word in turn, without an object for each: a history has a million of them. A view of the bytes
 * where the host counts and aligns as they do.
 */
export function unpackVerdicts(bytes: Uint8Array): Uint32Array {
  const words = (bytes.byteLength >> 3) * 2;
  if (endianness() === 'LE' && bytes.byteOffset % 4 === 0)
    return new Uint32Array(bytes.buffer, bytes.byteOffset, words);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: words }, (_, at) => view.getUint32(at * 4, true));
}

/** Not one that only a newer version knows. */
export const isKnown = (word: number): boolean => codeOf(word) < BY_CODE.length;

export const codeOf = (word: number): number => word & OUTCOME;
export const outcomeOf = (word: number): Outcome => BY_CODE[codeOf(word)] ?? 'error';
export const ranOf = (word: number): boolean => (word & RAN) !== 0;
export const durationOf = (word: number): number => word >>> DURATION_SHIFT;
