/** A user's own C file on a real kernel, in both kinds, and what it may find. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Results } from '../../harness/results/results.ts';
import { mmapvet, recordDecided } from './mmapvet.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet\'s "test" '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function probe(text: string, ...args: readonly string[]) {
  const file = join(folder, 'it is "mine".c');
  await writeFile(file, text);
  const { code, stdout, stderr } = await mmapvet('probe', file, '--json', '--confirm', '0', ...args);
  if (stdout === '') throw new Error(`no results (exit ${code}):\n${stderr}`);
  const results = Results.parse(JSON.parse(stdout));
  recordDecided(results);
  const { cells } = results;
  const told = cells.map(
    ({ path, target, outcome, reason }) => `${target} ${path}: ${outcome}${reason && `: ${reason}`}`,
  );
  return { code, told, cells };
}

const PROBE = `#include <probe.h>

void probe(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *at = map_as_or_break(&target, &config, 2, 0);

	log_pull();
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 1, "mapped ran %u times", log_count(MMAPVET_EV_MAPPED));
	user_fact(touch(at, 0).signal == 0, "the first page can be read");
}
`;

test('a probe with both observers, directly and through a stacked file, on both targets', async () => {
  const { code, told, cells } = await probe(PROBE, '--path', 'direct', '--path', 'W1');
  expect(told.toSorted()).toEqual(['arm64 W1: pass', 'arm64 direct: pass', 'x86_64 W1: pass', 'x86_64 direct: pass']);
  for (const { observers } of cells)
    expect([observers.driver[0]?.text, observers.user[0]?.text]).toEqual([
      'mapped ran 1 times',
      'the first page can be read',
    ]);
  expect(code).toBe(0);
});

test('a program from a mail: its exit code, its KTAP and its last words, and a child that it leaves behind', async () => {
  const { code, told, cells } = await probe(
    `#include <stdio.h>
#include <unistd.h>
int main(void)
{
	if (!fork()) {
		setsid();
		for (;;)
			pause();
	}
	puts("ok 1 opened\\nnot ok 2 read\\nlast words");
	return 1;
}
`,
    '--target',
    'x86_64',
  );
  expect(told).toEqual(['x86_64 direct: fail: the program says: not ok 2 read; the program exits with 1']);
  expect(cells[0]?.observers.user.map(({ text }) => text)).toContain('the program says: last words');
  expect(code).toBe(1);
});

test('a kernel that dies of it outweighs its exit code', async () => {
  const { code, cells } = await probe(
    `#include <fcntl.h>
#include <unistd.h>
int main(void) { return write(open("/proc/sysrq-trigger", O_WRONLY), "c", 1) != 1; }
`,
    '--target',
    'x86_64',
  );
  expect(cells[0]?.outcome).toBe('fault');
  const [fault] = cells[0]?.faults ?? [];
  expect(fault?.function).toBe('sysrq_handle_crash');
  expect(fault?.frames?.map(({ file }) => file)).toContain('drivers/tty/sysrq.c');
  expect(code).toBe(1);
});
