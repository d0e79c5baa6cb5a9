import { describe, expect, test } from 'vitest';
import { covers } from '../../../harness/contract/allow.ts';
import { parseAllow, readAllowFile } from '../../../harness/contract/allow-file.ts';
import { MmapvetError } from '../../../harness/core/errors.ts';

const GOOD = [
  '# a comment',
  'allow:',
  '  - clause: M05',
  '    kernel: "7.2"',
  '    reason: it leaks',
  '    link: https://example.org/1',
  '    expires: 2027-12-31',
  "  - splat: 'WARNING in foo'",
  '    clause: E*',
  '    target: arm64',
  '    path: [direct, W1]',
  '    reason: it warns',
  '    link: https://example.org/2',
  '    expires: 2027-06-30',
];

const error = async (lines: readonly string[]): Promise<MmapvetError> => {
  const failed: unknown = await parseAllow(lines.join('\n'), 'my/allow.yaml').then(
    () => null,
    (reason: unknown) => reason,
  );
  if (failed instanceof MmapvetError) return failed;
  throw new Error(`expected an error, got ${String(failed)}`);
};
const without = (start: string): string[] => GOOD.filter((line) => !line.trim().startsWith(start));
const replaced = (from: string, to: string): string[] => GOOD.map((line) => line.replace(from, to));

test('entries with their places in the file', async () => {
  const [first, second] = await parseAllow(GOOD.join('\n'), 'my/allow.yaml');
  expect(first).toMatchObject({ at: 'allow.yaml:3', clause: 'M05', paths: [], targets: [], expires: '2027-12-31' });
  expect(second).toMatchObject({ at: 'allow.yaml:8', targets: ['arm64'], paths: ['direct', 'W1'] });
  const place = { clause: 'M05', path: 'W1', target: 'x86_64' };
  expect(covers(first!, { ...place, kernelVersion: '7.2.13-mmapvet' })).toBe(true);
  expect(covers(first!, { ...place, kernelVersion: '7.3.4-mmapvet' })).toBe(false);
  expect(covers(first!, { ...place, clause: 'M04', kernelVersion: '7.2.13' })).toBe(false);
  expect(covers(second!, { ...place, clause: 'E02', target: 'arm64', kernelVersion: '7.3.4' })).toBe(true);
  expect(covers(second!, { ...place, clause: 'E02', kernelVersion: '7.3.4' })).toBe(false);
});

test('our own file is good, and an empty one as well', async () => {
  expect((await readAllowFile()).map((entry) => entry.clause)).toEqual(['M05']);
  expect(await parseAllow('allow: []', 'x')).toEqual([]);
});

describe('what is wrong is named with its line', () => {
  test.each([
    ['no YAML', ['allow:', '  - clause: "M05'], 2],
    ['a field twice', [...GOOD.slice(0, 4), '    kernel: "7.3"', ...GOOD.slice(4)], 5],
    ['no reason', without('reason'), 3],
    ['neither clause nor splat', replaced('clause: M05', 'path: W1'), 3],
    ['an unknown field', replaced('reason: it leaks', 'because: it leaks'), 3],
    ['a clause that there is not', replaced('M05', 'M99'), 3],
    ['an unknown target', replaced('arm64', 'riscv'), 10],
    ['an unknown path', replaced('W1', 'W9'), 11],
    ['a version that is a number', replaced('"7.2"', '7.2'), 4],
    ['versions that are none', replaced('"7.2"', '"new"'), 4],
    ['a day that there is not', replaced('2027-12-31', '2027-02-31'), 7],
    ['a link that is none', replaced('https://example.org/1', 'see above'), 6],
    ['a script for a link', replaced('https://example.org/1', 'javascript:alert(1)'), 6],
    ['a bad expression', replaced('WARNING in foo', '(('), 8],
    ['no list', ['allow: yes'], 1],
    ['something else', ['- 1'], 1],
  ])('%s', async (_, lines, line) => {
    const failed = await error(lines);
    expect(failed).toMatchObject({ code: 'ALLOW_BAD', blame: 'usage' });
    expect(failed.message).toContain(`my/allow.yaml:${line}: `);
  });
});

test('a file that is not there', async () => {
  await expect(readAllowFile('/no/such/allow.yaml')).rejects.toMatchObject({ code: 'ALLOW_READ', blame: 'usage' });
});
