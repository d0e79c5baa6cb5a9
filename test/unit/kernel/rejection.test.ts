import { describe, expect, test } from 'vitest';
import { parseDiff } from '../../../harness/kernel/diff.ts';
import { explain, sideBySide, type Rejection } from '../../../harness/kernel/rejection.ts';

const LINES = Array.from({ length: 30 }, (_, index) => `\tint line${index + 1};`);
const FILE = `${LINES.join('\n')}\n`;

/** Lines 9 to 15 with the middle one changed. */
const hunk = [
  '@@ -9,7 +9,7 @@',
  ...[9, 10, 11].map((n) => ` \tint line${n};`),
  '-\tint line12;',
  '+\tint fresh12;',
  ...[13, 14, 15].map((n) => ` \tint line${n};`),
];
const diff = (lines: readonly string[] = hunk) =>
  parseDiff(`${['--- a/mm/util.c', '+++ b/mm/util.c', ...lines].join('\n')}\n`);

const why = (text: string | null, fuzz = 0, lines?: readonly string[]): Rejection | null =>
  explain(diff(lines), new Map([['mm/util.c', text]]), fuzz);

type HunkRejection = Extract<Rejection, { kind: 'hunk' }>;

describe('why a hunk does not fit', () => {
  test('it fits, at whatever line', () => {
    expect(why(FILE)).toBeNull();
    expect(why(`x\ny\n${FILE}`)).toBeNull();
  });

  test('it is applied already', () => {
    expect(why(FILE.replace('line12', 'fresh12'))).toMatchObject({ why: { kind: 'applied' }, number: 1 });
  });

  test('fuzz would explain it', () => {
    expect(why(FILE.replace('line9;', 'other;'))).toMatchObject({ why: { kind: 'fuzz', fuzz: 1 } });
    expect(why(FILE.replace('line10;', 'other;'))).toMatchObject({ why: { kind: 'fuzz', fuzz: 2 } });
    expect(why(FILE.replace('line10;', 'other;'), 2)).toBeNull();
  });

  test('white space only: tabs that became blanks, CRs', () => {
    expect(
      why(
        FILE,
        0,
        hunk.map((line) => line.replace('\t', '        ')),
      ),
    ).toMatchObject({ why: { kind: 'space' } });
    expect(why(FILE.replaceAll('\n', '\r\n'))).toMatchObject({ why: { kind: 'space' } });
  });

  test('it differs', () => {
    expect(why(FILE.replace('line12', 'other'))).toMatchObject({ why: { kind: 'differs' }, path: 'mm/util.c' });
  });

  test('the file is not there, or is there already', () => {
    expect(why(null)).toEqual({ kind: 'another-tree', path: 'mm/util.c' });
    const two = parseDiff(`--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-a\n+b\n`);
    expect(explain(two, new Map([['a.c', 'a\n']]), 0)).toEqual({ kind: 'missing', path: 'b.c' });
    const made = parseDiff('--- /dev/null\n+++ b/a.c\n@@ -0,0 +1 @@\n+b\n');
    expect(explain(made, new Map([['a.c', 'a\n']]), 0)).toEqual({ kind: 'exists', path: 'a.c' });
  });
});

test('the hunk beside what stands there', () => {
  const moved = FILE.replace('\tint line1;', '\tint zero;\n\tint line1;').replace(
    '\tint line12;',
    '\tlong line12;\n\tlong more;',
  );
  expect(`\n${sideBySide(why(moved) as HunkRejection).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    line 3 of the patch expects                                mm/util.c has, from line 10
         int line9;                                                int line9;
         int line10;                                               int line10;
         int line11;                                               int line11;
    -    int line12;                                         ≠     long line12;
                                                             ≠     long more;
         int line13;                                               int line13;
         int line14;                                               int line14;
         int line15;                                               int line15;
    and would add
    +    int fresh12;
    "
  `);
});

test('where nothing is alike, what stands at the line that the patch names', () => {
  const rows = sideBySide(why('a\n'.repeat(40)) as HunkRejection);
  expect(rows[0]).toContain('from line 9');
  expect(rows[1]).toMatch(/int line9; +≠ a$/);
});
