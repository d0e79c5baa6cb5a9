/**
 * What X clauses do, as it was seen and committed: recorded.json, one entry a cell. The probes say what they saw in
 * canonical words (`# observed …`); whether that is what is recorded is decided here and nowhere else.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { TARGETS } from '../core/arch.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { parseKernelRange } from './kernel-range.ts';

export const RECORDED_FILE = join(import.meta.dirname, 'recorded.json');

const Entry = z.strictObject({
  /** The kernel that it was seen on. */
  kernel: z.string(),
  /** `mm/util.c:1371 mmap_action_finish`, in that kernel. */
  source: z.string(),
  /** Where targets differ: the one that it is about; an architecture's first target stands for its others. */
  target: z.string().optional(),
  /** Where kernels differ: the ones that it is about, as in allow.yaml. */
  kernels: z
    .string()
    .refine((text) => parseKernelRange(text) !== null)
    .optional(),
  driver: z.array(z.string()),
  user: z.array(z.string()),
});

const Recorded = z.strictObject({
  version: z.literal(1),
  /** By cell, `E08.direct`. */
  cells: z.record(z.string(), z.array(Entry).min(1)),
});

export type RecordedEntry = z.infer<typeof Entry>;
export type Recorded = z.infer<typeof Recorded>;

/** @throws MmapvetError RECORDED_BAD */
export function readRecorded(file: string = RECORDED_FILE): Recorded {
  try {
    return Recorded.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new MmapvetError('RECORDED_BAD', `The file "${file}" is not what it should be: ${messageOf(error)}`, {
      cause: error,
      hint: 'Restore it from git.',
    });
  }
}

/** The entry for a cell on this target and kernel: the most particular one that there is. */
export function findRecorded(
  recorded: Recorded,
  cell: string,
  target: string,
  kernelVersion: string,
): RecordedEntry | null {
  const arch = TARGETS.find(({ name }) => name === target)?.arch.name;
  const fits = (recorded.cells[cell] ?? []).filter(
    (entry) =>
      (entry.target === undefined || entry.target === target || entry.target === arch) &&
      (entry.kernels === undefined || (parseKernelRange(entry.kernels)?.has(kernelVersion) ?? false)),
  );
  const particular = (entry: RecordedEntry): number =>
    (entry.kernels === undefined ? 0 : 4) + (entry.target === undefined ? 0 : entry.target === target ? 2 : 1);
  return fits.toSorted((a, b) => particular(b) - particular(a))[0] ?? null;
}
