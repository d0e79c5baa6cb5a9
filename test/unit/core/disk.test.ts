import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { diskError, isDiskError } from '../../../harness/core/disk.ts';
import { MmapvetError } from '../../../harness/core/errors.ts';

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', '/x/cache');
  vi.stubEnv('XDG_STATE_HOME', '/x/state');
});
afterEach(() => vi.unstubAllEnvs());

const errno = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: words, open`), { code, ...(path === undefined ? {} : { path }) });
const FREE = 'Free some space';

test.each([
  [
    errno('ENOSPC', '/x/cache/mmapvet/work/a'),
    'NO_SPACE',
    '/x/cache/mmapvet/work/a',
    `${FREE}, or move the cache with XDG_CACHE_HOME.`,
  ],
  [
    errno('EDQUOT', '/x/state/mmapvet'),
    'NO_SPACE',
    '/x/state/mmapvet',
    `${FREE}, or move the runs with XDG_STATE_HOME.`,
  ],
  [
    errno('ENOSPC', join(tmpdir(), 'a')),
    'NO_SPACE',
    join(tmpdir(), 'a'),
    `${FREE}, or move temporary files with TMPDIR.`,
  ],
  [errno('ENOSPC', '/elsewhere/a'), 'NO_SPACE', '/elsewhere/a', `${FREE}.`],
  [
    errno('EROFS', '/x/cache/mmapvet/apt'),
    'NOT_WRITABLE',
    '/x/cache/mmapvet/apt',
    'Make it writable, or move the cache with XDG_CACHE_HOME.',
  ],
  [
    errno('EACCES', '/x/cache/mmapvet/apt'),
    'NOT_WRITABLE',
    '/x/cache/mmapvet/apt',
    'Look at its owner and mode, or move the cache with XDG_CACHE_HOME.',
  ],
])('%s', (error, code, place, hint) => {
  const told = diskError(error) as MmapvetError;
  expect(told).toMatchObject({ code, cause: error, exit: 2 });
  expect(told.message).toContain(`"${place}"`);
  expect(told.hint).toContain(hint);
  expect(isDiskError(told)).toBe(true);
  expect(diskError(told, '/other')).toBe(told);
});

test.each(['tar: ./a: Wrote only 512 of 10240 bytes', 'a.s: Fatal error: cannot write: No space left on device'])(
  'the last words of a program, %j: they belong to where it wrote',
  (line) => {
    const error = new MmapvetError('EXEC_FAILED', '"tar" exited with 2.', { details: [line] });
    expect(diskError(error, '/x/cache/mmapvet/work')).toMatchObject({
      code: 'NO_SPACE',
      message: 'There is no space left on the disk of "/x/cache/mmapvet/work".',
    });
    // Where that is not known they may be of the guest's disk.
    expect(diskError(error)).toBe(error);
  },
);

test('any other error stays as it is', () => {
  const errors = [
    errno('ENOENT', '/a'),
    new Error('boom'),
    'words',
    new MmapvetError('X', 'EACCES is said in passing.'),
  ];
  for (const error of errors) expect(diskError(error, '/x')).toBe(error);
});
