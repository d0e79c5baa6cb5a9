import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrailers, trailersOf } from '../../../harness/kernel/trailers.ts';

const OLD = '0'.repeat(40);
const NEW = '0123456789abcdef0123456789abcdef01234567';

describe('readTrailers', () => {
  it.each([
    ['nothing', {}],
    [`base-commit: ${NEW}\n`, { baseCommit: NEW }],
    [
      `base-commit: ${OLD}\nx\nbase-commit: ${NEW}\nchange-id: 20261120-fix-1a2b\n`,
      { baseCommit: NEW, changeId: '20261120-fix-1a2b' },
    ],
    [`> base-commit: ${NEW}\nbase-commit: abc\nchange-id: two words\n`, {}],
  ])('%j', (text, trailers) => expect(readTrailers(text)).toEqual(trailers));
});

it('trailersOf reads files and folders, and leaves out what it can not read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mmapvet-trailers-'));
  try {
    writeFileSync(join(folder, '0000-cover-letter.patch'), `Subject: x\r\n\r\nchange-id: 20261120-fix-1a2b\r\n`);
    writeFileSync(join(folder, '0001-x.patch'), `diff\n-- \n2.47\n\nbase-commit: ${NEW}\n`);
    const expected = { baseCommit: NEW, changeId: '20261120-fix-1a2b' };
    expect(await trailersOf([folder])).toEqual(expected);
    expect(await trailersOf([join(folder, '0001-x.patch'), join(folder, 'none'), 'b4:id'])).toEqual({
      baseCommit: NEW,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
