import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, cellsFor } from '../../../harness/contract/catalogue.ts';
import { affectedBy, isNoise, nextEdits } from '../../../harness/run/watch.ts';

const CHECKS = cellsFor(
  CATALOGUE.flatMap((group) => group.clauses),
  [],
);
const groupsOf = (edits: Parameters<typeof affectedBy>[0]): string =>
  [...new Set(affectedBy(edits, CHECKS).map(({ clause }) => clause.id.charAt(0)))].join('');
const ALL = groupsOf([{ kind: 'tree', file: 'mm/vma.c' }]);

test.each([
  ['a probe', [{ kind: 'probes', file: 'e.c' }], 'E'],
  [
    'two probes',
    [
      { kind: 'probes', file: 'e.c' },
      { kind: 'probes', file: 'a.c' },
    ],
    'AE',
  ],
  ['what all probes share', [{ kind: 'probes', file: 'cell.c' }], 'all'],
  ['the driver', [{ kind: 'driver', file: 'hooks.c' }], 'all'],
  ['the kernel', [{ kind: 'tree', file: 'mm/e.c' }], 'all'],
  [
    'a probe and the kernel',
    [
      { kind: 'probes', file: 'e.c' },
      { kind: 'tree', file: 'mm/util.c' },
    ],
    'all',
  ],
] as const)('an edit of %s', (_, edits, expected) => {
  expect(groupsOf(edits)).toBe(expected === 'all' ? ALL : expected);
});

test.each(['mm/util.o', '.git/index', 'mm/.util.c.swp', 'mm/util.c~', '4913', 'drivers/.foo.o.cmd', 'x.mod.c'])(
  '%s is noise',
  (file) => expect(isNoise(file)).toBe(true),
);
test.each(['mm/util.c', 'include/linux/mm.h', 'Makefile', 'mm/Kconfig'])('%s counts', (file) =>
  expect(isNoise(file)).toBe(false),
);

describe('watching', () => {
  test('edits below a folder come together; noise alone does not count', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mmapvet-watch-'));
    try {
      await mkdir(join(folder, 'mm'));
      const edits = nextEdits([{ folder, kind: 'tree' }], new AbortController().signal);
      await writeFile(join(folder, 'mm/util.o'), '');
      await writeFile(join(folder, 'mm/util.c'), 'x');
      await writeFile(join(folder, 'mm/vma.c'), 'x');
      expect(new Set((await edits).map(({ file }) => file))).toEqual(new Set(['mm/util.c', 'mm/vma.c']));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('an interrupt ends it without an edit', async () => {
    const stop = new AbortController();
    const edits = nextEdits([{ folder: tmpdir(), kind: 'tree' }], stop.signal);
    stop.abort();
    expect(await edits).toEqual([]);
  });
});
