import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GUEST } from '../../harness/core/paths.ts';
import { runForResults } from './mmapvet.ts';

/* Drivers that do to real probes what no kernel should: adapted copies, given with --driver. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-e2e-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Edit = readonly [file: string, from: string, to: string];

async function adapted(name: string, edits: readonly Edit[]): Promise<string> {
  const driver = join(folder, name);
  await cp(join(GUEST, 'driver'), driver, { recursive: true });
  for (const [file, from, to] of edits) {
    const text = await readFile(join(driver, file), 'utf8');
    expect(text.split(from), `${file} has "${from}" once`).toHaveLength(2);
    await writeFile(join(driver, file), text.replace(from, to));
  }
  return driver;
}

async function outcomes(driver: string, clauses: string, ...args: readonly string[]) {
  const words = ['--target', 'x86_64', '--path', 'direct', '--clause', clauses, '--driver', driver, ...args];
  const { code, results } = await runForResults(...words);
  return {
    code,
    cells: Object.fromEntries(results.cells.map((cell) => [cell.clause, `${cell.outcome}: ${cell.reason}`])),
  };
}

test('a driver of another version: an error for every clause, with both versions', async () => {
  const driver = await adapted('abi', [['ioctl.c', '= MMAPVET_ABI,', '= MMAPVET_ABI + 1,']]);
  const { code, cells } = await outcomes(driver, 'A01,L04');
  expect(cells).toEqual({
    A01: expect.stringMatching(/^error: the driver speaks abi \d+ .*, the probes \d+/),
    L04: expect.stringMatching(/^error: the driver speaks abi/),
  });
  expect(code).toBe(2);
});

test('a module that does not load: an error for every clause, with what insmod says', async () => {
  const driver = await adapted('init', [['main.c', '\terr = mv_log_init();', '\terr = -ENODEV;']]);
  const { code, cells } = await outcomes(driver, 'A01,A02');
  expect(cells).toEqual({
    A01: expect.stringMatching(/^error: the probe never started: insmod: .*No such device/),
    A02: expect.stringMatching(/^error: /),
  });
  expect(code).toBe(2);
});

test('probes that hang, crash and take all others with them: each an error with its reason, the rest goes on', async () => {
  const driver = await adapted('bad', [
    // B06 sets a swap file, D16 asks for references, M08 for accounts.
    [
      'ioctl.c',
      '\t\treturn mv_set_swap(ctx, user);',
      '\t\twhile (!fatal_signal_pending(current))\n\t\t\tschedule_timeout_killable(HZ);\n\t\treturn -EINTR;',
    ],
    ['ioctl.c', '\t\treturn mv_refs(file, ctx, user);', '\t\tsend_sig(SIGSEGV, current, 1);\n\t\treturn -EINTR;'],
    [
      'ioctl.c',
      '\t\treturn mv_accounts(user);',
      '\t\trcu_read_lock();\n\t\tsend_sig(SIGKILL, rcu_dereference(current->real_parent), 1);\n\t\trcu_read_unlock();\n\t\treturn -EINTR;',
    ],
    ['ioctl.c', '#include <linux/slab.h>', '#include <linux/sched/signal.h>\n#include <linux/slab.h>'],
  ]);
  const { code, cells } = await outcomes(driver, 'A01,B06,C01,D16,E01,M08,M09', '--timeout', '3');
  expect(cells).toEqual({
    A01: 'pass: ',
    // Three seconds, stretched by what this host is slower than ours.
    B06: expect.stringMatching(/^error: time limit: no end after (?:[3-9]|[1-5]\d) s$/),
    C01: 'pass: ',
    D16: 'error: the probe died of signal 11',
    E01: 'pass: ',
    M08: expect.stringMatching(
      /^error: the probe's output was cut off: .*SIGKILL|^error: the probe's output was cut off/,
    ),
    M09: 'pass: ',
  });
  expect(code).toBe(2);
});
