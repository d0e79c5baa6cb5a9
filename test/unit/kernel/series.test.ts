import { describe, expect, test } from 'vitest';
import { splitPatches } from '../../../harness/kernel/mbox.ts';
import { filesOfDiff, findRejection, parseQuiltSeries } from '../../../harness/kernel/series.ts';

const DIFF = '--- a/mm/util.c\n+++ b/mm/util.c\n@@ -1 +1 @@\n-old\n+new\n';
const FROM = 'From 1a2b3c Mon Sep 17 00:00:00 2001\n';

const mail = (subject: string, body: string, more = ''): string =>
  `${FROM}From: J. Doe <j@example.org>\n${more}Subject: ${subject}\n\n${body}`;

describe('an mbox', () => {
  test('its patches in order of their numbers, without the cover letter', () => {
    const text = [
      mail('[PATCH v2 2/2] mm: second', `Text.\n---\n${DIFF}\n`),
      mail('[PATCH v2 0/2] cover', 'From here on, words only.\n\n'),
      mail('Re: [PATCH v2 1/2] mm: first', `Looks good.\n\n`),
      mail('[PATCH v2 1/2] mm: first,\n folded', `Text.\n>From afar.\n---\n${DIFF}`),
    ];
    const patches = splitPatches(text.join(''), '/x/series.mbox');
    expect(patches.map(({ subject, author, file }) => [subject, author, file])).toEqual([
      ['mm: first, folded', 'J. Doe <j@example.org>', '/x/series.mbox'],
      ['mm: second', 'J. Doe <j@example.org>', '/x/series.mbox'],
    ]);
    expect(patches[0]?.text).toContain('\nFrom afar.\n');
  });

  test('encoded headers and bodies, and the author that the body names', () => {
    const encoded = DIFF.replaceAll('=', '=3D').replace('+new', '+n=\new');
    const [quoted] = splitPatches(
      mail('=?UTF-8?q?mm=3A_J=C3=B6rg?=', encoded, 'Content-Transfer-Encoding: quoted-printable\n'),
      'f',
    );
    expect(quoted).toMatchObject({ subject: 'mm: Jörg', text: DIFF });
    const body = Buffer.from(`From: Real Author <r@example.org>\n\nWhy.\n---\n${DIFF}`).toString('base64');
    const [base64] = splitPatches(mail('x', body, 'Content-Transfer-Encoding: base64\n'), 'f');
    expect(base64).toMatchObject({ author: 'Real Author <r@example.org>' });
  });

  test('a bare diff is named after its file; words are no patch', () => {
    expect(splitPatches(DIFF, '/x/fix.diff')).toMatchObject([{ subject: 'fix.diff', author: '', text: DIFF }]);
    expect(splitPatches('Hello.\n', 'f')).toEqual([]);
    expect(splitPatches(DIFF.replaceAll('\n', '\r\n'), 'f')[0]?.sha256).toBe(splitPatches(DIFF, 'f')[0]?.sha256);
  });
});

test('the files that a diff names', () => {
  const text = [
    'diff --git a/old.c b/new.c',
    'rename from old.c',
    'rename to new.c',
    '--- a/mm/util.c\t2026-01-01',
    '+++ b/mm/util.c',
    '--- /dev/null',
    '+++ b/mm/made.c',
    '---',
    '--- words of a message',
  ];
  expect(filesOfDiff({ text: text.join('\n'), file: 'f' })).toEqual(['old.c', 'new.c', 'mm/util.c', 'mm/made.c']);
  for (const path of ['b/../../etc/passwd', 'x//etc/passwd'])
    expect(() => filesOfDiff({ text: `+++ ${path}\n`, file: 'f' })).toThrowError(
      expect.objectContaining({ code: 'PATCH_BAD_PATH' }),
    );
});

test('a quilt series file', () => {
  expect(parseQuiltSeries('# first\na.patch -p1\n\n  b.patch # why\n#c.patch\n')).toEqual(['a.patch', 'b.patch']);
});

test.each([
  [['patching file mm/util.c', 'Hunk #1 succeeded at 3.', 'Hunk #2 FAILED at 1234.'], 'mm/util.c line 1234, hunk 2'],
  [
    ['patching file mm/util.c', 'Reversed (or previously applied) patch detected!  Skipping patch.'],
    'mm/util.c has it already',
  ],
  [["can't find file to patch at input line 7"], 'the file that line 7 of it names is not in this kernel'],
  [['patch: **** malformed patch at line 9: x'], 'it is malformed at its line 9'],
  [['patching file x'], null],
])('%j means %s', (lines, expected) => {
  expect(findRejection(lines)).toBe(expected);
});
