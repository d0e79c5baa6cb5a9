/** With the compiler and the gcov of this host. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../../harness/core/exec.ts';
import type { GcovNotes } from '../../../harness/kernel/build.ts';
import { decodeCounters } from '../../../harness/probe/gcov.ts';

let folder: string;
let gcov: GcovNotes;
const data: Buffer[] = [];

const HEADER = 'static inline int twice(int x)\n{\n\treturn 2 * x;\n}\n';
const CODE = `#include "twice.h"
int main(int argc, char **argv)
{
	if (argc > 2)
		return twice(argc);
	return 0;
}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  const source = join(folder, 'source');
  const objects = join(folder, 'objects/mm');
  await mkdir(join(source, 'mm'), { recursive: true });
  await mkdir(objects, { recursive: true });
  await writeFile(join(source, 'mm/twice.h'), HEADER);
  await writeFile(join(source, 'mm/util.c'), CODE);
  const words = ['gcc', '-O2', '-fprofile-arcs', '-ftest-coverage', '-c', '-o', 'util.o'] as const;
  await run([...words, join(source, 'mm/util.c')], { cwd: objects });
  await run(['gcc', '--coverage', '-o', 'util', 'util.o'], { cwd: objects });
  for (const args of [[], ['1', '2']]) {
    await run([join(objects, 'util'), ...args], { cwd: objects, allow: [6] });
    data.push(await readFile(join(objects, 'util.gcda')));
    await rm(join(objects, 'util.gcda'));
  }
  gcov = { tool: 'gcov', folder: join(folder, 'objects'), source, files: ['mm/util.c'] };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const counters = (clause: string, bytes: Buffer) => ({ clause, file: 'mm/util.c', data: bytes });
const signal = AbortSignal.timeout(60_000);

test('each clause has its own lines, of headers too', async () => {
  const { decoded, problems } = await decodeCounters(
    [counters('A01', data[0]!), counters('E02', data[1]!)],
    gcov,
    signal,
  );
  expect(problems).toEqual([]);
  const ran = decoded.map(({ clause, files }) => [
    clause,
    ...files.map(({ file, lines }) => `${file} ${lines.map(({ line, count }) => `${line}:${count}`).join(' ')}`),
  ]);
  expect(ran).toEqual([
    ['A01', 'mm/util.c 2:1 4:1 5:0', 'mm/twice.h 3:0'],
    ['E02', 'mm/util.c 2:1 4:1 5:1', 'mm/twice.h 3:1'],
  ]);
  expect(decoded[0]!.files[0]!.functions).toEqual([{ name: 'main', from: 2, to: 7, count: 1 }]);
});

test('counters of another build count for nothing, and are told', async () => {
  const other = Buffer.from(data[0]!);
  // The stamp, which the notes have too.
  other.writeUInt32LE(0, 8);
  const { decoded, problems } = await decodeCounters([counters('A02', other), counters('E02', data[1]!)], gcov, signal);
  expect(decoded.map(({ clause }) => clause)).toEqual(['E02']);
  expect(problems).toEqual(["gcov can't read the counters of mm/util.c:stamp mismatch with notes file"]);
});
