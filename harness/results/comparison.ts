/** `compare.json`: what a comparison of two kernels found, as one document; the schema is published. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { BuildIdentity, CellId, KernelIdentity } from '../core/events.ts';
import { OUTCOMES } from '../core/outcome.ts';
import { CHANGES } from './compare.ts';
import { COMPARISON_FILE } from './find-run.ts';

export const COMPARISON_VERSION = 1;

const Side = z.object({ outcome: z.enum(OUTCOMES), reason: z.string() });
const Splat = z.object({
  id: z.string().describe('The same for the same fault in other builds'),
  title: z.string(),
  where: z.array(z.string()),
  sure: z.boolean().nullable().describe('false: it came once, outside of any cell, and not in fresh runs'),
});

const Kernel = z.object({
  kernel: KernelIdentity.nullable(),
  builds: z.array(BuildIdentity),
  folder: z.string().describe('Its run folder, below that of the comparison'),
  trouble: z.array(z.string()).describe('Why cells have no verdict: it did not build or boot'),
  stored: z
    .array(z.string())
    .describe('Targets whose verdicts an earlier run reached, of the same kernel, image and cells'),
});

export const ComparisonDocument = z.object({
  version: z.literal(COMPARISON_VERSION),
  tool: z.string(),
  at: z.iso.datetime(),
  durationMs: z.number().nonnegative(),
  command: z.array(z.string()),
  exitCode: z.number().describe('0 no regression, 1 regression, 2 undecided, 130 interrupted'),
  decision: z.enum(['no-regression', 'regression', 'undecided']),
  allowRemoved: z.boolean(),
  interrupted: z.boolean(),
  profile: z.string(),
  targets: z.array(z.string()),
  base: Kernel,
  patched: Kernel,
  unequal: z.array(z.string()).describe('What is not the same on both sides and has to be'),
  cells: z.array(
    CellId.extend({
      change: z.enum(CHANGES),
      base: Side.nullable(),
      patched: Side.nullable(),
      runs: z.object({ base: z.array(Side), patched: z.array(Side) }).describe('Every run of the cell'),
      chance: z
        .number()
        .nullable()
        .describe('How likely runs differ so if both kernels behave alike; null: no difference'),
    }),
  ),
  counts: z.record(z.enum(CHANGES), z.number()),
  newSplats: z.array(Splat),
  goneSplats: z.array(Splat),
  notes: z.array(z.string()).describe('What could not be measured'),
  sizes: z.array(
    z.object({
      target: z.string(),
      changes: z.array(
        z.object({
          name: z.string(),
          kind: z.enum(['function', 'data']),
          before: z.number().describe('Bytes; 0: not there'),
          after: z.number(),
        }),
      ),
    }),
  ),
  speed: z
    .array(
      z.object({
        target: z.string(),
        unit: z.enum(['ns', 'instructions']).describe('For one mmap and munmap of the driver'),
        base: z.number(),
        patched: z.number(),
      }),
    )
    .describe('Empty: not measured'),
});

export type ComparisonDocument = z.infer<typeof ComparisonDocument>;

/** The schema as published in docs/compare.schema.json. */
export function comparisonJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ComparisonDocument);
  return { ...schema, title: 'compare.json of mmapvet', $comment: 'Generated from comparison.ts.' };
}

/** @throws MmapvetError DOCUMENT_BAD, DOCUMENT_NEWER */
export function readComparison(folder: string): ComparisonDocument {
  return readDocument(join(folder, COMPARISON_FILE), ComparisonDocument, COMPARISON_VERSION);
}

/** A document of a version of its own. @throws MmapvetError DOCUMENT_BAD, DOCUMENT_NEWER */
export function readDocument<T>(file: string, schema: z.ZodType<T>, version: number): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new MmapvetError('DOCUMENT_BAD', `"${file}" can't be read: ${messageOf(error)}.`, {
      hint: 'Ask the question again.',
      cause: error,
    });
  }
  const found = z.object({ version: z.number() }).safeParse(value);
  if (found.success && found.data.version > version)
    throw new MmapvetError(
      'DOCUMENT_NEWER',
      `"${file}" is of version ${found.data.version}, and this mmapvet reads version ${version}.`,
      { hint: 'Update mmapvet.' },
    );
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MmapvetError('DOCUMENT_BAD', `"${file}" is damaged at "${parsed.error.issues[0]?.path.join('.') ?? ''}".`, {
    hint: 'Ask the question again.',
  });
}
