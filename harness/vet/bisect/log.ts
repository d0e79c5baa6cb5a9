/**
 * The steps of a bisection, one JSON object a line, written as they are taken: who is interrupted goes on from there. The
 * file's name is made from the question.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { stateFolder } from '../../core/paths.ts';
import { writeError } from '../../results/atomic.ts';

const CellRuns = z.object({
  name: z.string(),
  shown: z.number(),
  runs: z.number(),
  silent: z.number(),
  reason: z.string(),
});

const Step = z.object({
  kind: z.literal('step'),
  commit: z.string(),
  verdict: z.enum(['good', 'bad', 'skipped']),
  /** Of a skipped one: why it can't be judged. */
  why: z.string(),
  cells: z.array(CellRuns),
  /** What ran, by target: kernels that agree in it are one. Empty where nothing was built. */
  images: z.record(z.string(), z.string()),
  /** The commit whose kernel is this very one, and whose runs these are. */
  sameAs: z.string().nullable(),
  /** Where its run is kept. */
  folder: z.string().nullable(),
});

const Entry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    at: z.string(),
    command: z.array(z.string()),
    good: z.string(),
    bad: z.string(),
  }),
  Step,
  z.object({ kind: z.literal('end'), at: z.string(), suspects: z.array(z.string()) }),
]);

export type Step = z.infer<typeof Step>;
export type Entry = z.infer<typeof Entry>;

export interface BisectLog {
  readonly folder: string;
  /** Those of a bisection that was interrupted. */
  readonly steps: readonly Step[];
  /** @throws MmapvetError FILE_WRITE */
  add(entry: Entry): void;
}

/** @param id of the question */
export const bisectFolder = (id: string): string => join(stateFolder(), 'bisects', id);

/**
 * Opens the log of a question, with the steps of its last bisection where that one did not come to its end.
 * @param restart begins anew in any case
 */
export function openLog(folder: string, restart: boolean): BisectLog {
  const file = join(folder, 'log.jsonl');
  const entries = existsSync(file) ? readEntries(readFileSync(file, 'utf8')) : [];
  return {
    folder,
    steps: restart ? [] : unfinished(entries),
    add(entry) {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(file, `${JSON.stringify(entry)}\n`);
      } catch (error) {
        throw writeError(file, error);
      }
    },
  };
}

/** A line that was cut off as we were killed is no entry. */
function readEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [Entry.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

function unfinished(entries: readonly Entry[]): Step[] {
  const last = entries.findLastIndex(({ kind }) => kind === 'end');
  return entries.slice(last + 1).filter((entry) => entry.kind === 'step');
}
