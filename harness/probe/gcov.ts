/** Counters into lines: gcov itself decodes them, its JSON is read here. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { z } from 'zod';
import { run } from '../core/exec.ts';
import { notesFile } from '../kernel/profiled.ts';
import type { GuestCounters } from './gcda-archive.ts';
import type { GcovNotes } from '../kernel/build.ts';

export interface LineCount {
  readonly line: number;
  readonly count: number;
}

export interface FunctionCount {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What one clause ran of one source file, which may be a header that the object includes. */
export interface FileCounts {
  readonly file: string;
  readonly lines: readonly LineCount[];
  readonly functions: readonly FunctionCount[];
}

const Count = z.number().nonnegative();
const OutputFile = z.object({
  file: z.string(),
  lines: z.array(z.object({ line_number: z.number().int().nonnegative(), count: Count })),
  functions: z.array(
    z.object({ name: z.string(), start_line: z.number(), end_line: z.number(), execution_count: Count }),
  ),
});
const Output = z.object({ data_file: z.string(), files: z.array(OutputFile) });

/** One document a line, by the .gcda that it is of. @param source what all paths of the tree begin with */
export function parseGcovJson(text: string, source: string): Map<string, FileCounts[]> {
  const documents = text.split('\n').filter((line) => line.startsWith('{'));
  return new Map(
    documents.map((line) => {
      const { data_file, files } = Output.parse(JSON.parse(line));
      return [data_file, files.flatMap((file) => countsOf(file, source))];
    }),
  );
}

function countsOf({ file, lines, functions }: z.infer<typeof OutputFile>, source: string): FileCounts[] {
  const path = inTree(file, source);
  if (path === null) return [];
  return [
    {
      file: path,
      lines: lines.map(({ line_number, count }) => ({ line: line_number, count })),
      functions: functions.map(({ name, start_line, end_line, execution_count }) => ({
        name,
        from: start_line,
        to: end_line,
        count: execution_count,
      })),
    },
  ];
}

/** `mm/util.c`; null for what lies elsewhere, such as generated headers. */
function inTree(file: string, source: string): string | null {
  const path = posix.normalize(file);
  return path.startsWith(`${source}/`) ? path.slice(source.length + 1) : null;
}

/** gcov reads its notes anew for each file; so many at once keep its output small. */
const AT_ONCE = 32;

/** Its exit code is the number of files that it has something to say about. */
const COMPLAINED = Array.from({ length: AT_ONCE * 8 }, (_, index) => index + 1);

export interface DecodedCounters {
  readonly clause: string;
  readonly files: readonly FileCounts[];
}

/**
 * @returns what each clause ran, and a sentence for whatever gcov did not like: nothing of that is counted
 * @throws MmapvetError EXEC_MISSING, EXEC_FAILED
 */
export async function decodeCounters(
  counters: readonly GuestCounters[],
  gcov: GcovNotes,
  signal: AbortSignal,
): Promise<{ readonly decoded: readonly DecodedCounters[]; readonly problems: readonly string[] }> {
  const scratch = await mkdtemp(join(tmpdir(), 'mmapvet-gcov-'));
  const decoded: DecodedCounters[] = [];
  const problems = new Set<string>();
  try {
    for (let at = 0; at < counters.length; at += AT_ONCE) {
      const some = counters.slice(at, at + AT_ONCE);
      for (const [index, { file, data }] of some.entries()) {
        await writeFile(join(scratch, `${index}.gcda`), data);
        await rm(join(scratch, `${index}.gcno`), { force: true });
        await symlink(join(gcov.folder, notesFile(file)), join(scratch, `${index}.gcno`));
      }
      const names = some.map((_, index) => `${index}.gcda`);
      const words = ['--json-format', '--stdout', ...names] as const;
      const { stdout, stderr } = await run([gcov.tool, ...words], { cwd: scratch, signal, allow: COMPLAINED });
      const documents = parseGcovJson(stdout, gcov.source);
      for (const [index, { clause, file }] of some.entries()) {
        const complaint = stderr
          .split('\n')
          .find((line) => line.startsWith(`${index}.gcda:`) || line.startsWith(`${index}.gcno:`));
        const files = documents.get(`${index}.gcda`);
        if (complaint === undefined && files !== undefined) decoded.push({ clause, files });
        else
          problems.add(
            `gcov can't read the counters of ${file}${complaint === undefined ? '' : complaint.slice(complaint.indexOf(':'))}`,
          );
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { decoded, problems: [...problems] };
}
