import { describe, expect, test } from 'vitest';
import { checkPatch, parseQuiltSeries } from '../../../harness/kernel/series.ts';
import { patchsetHash } from '../../../harness/kernel/patchset.ts';
import { parseRange } from '../../../harness/kernel/range.ts';

const check = (text: string, flowed = false): unknown => {
  try {
    checkPatch({ subject: 's', author: '', sha256: '', file: 'f.patch', text, strip: 1, flowed });
  } catch (error) {
    return error;
  }
  return null;
};

const diff = (path: string): string => `--- a/mm/util.c\n+++ ${path}\n@@ -1 +1 @@\n-a\n+b\n`;

describe('patches that are refused before anything is done', () => {
  test('a good one is not', () => {
    expect(check(diff('b/mm/util.c'))).toBeNull();
    expect(check(diff('b/mm/a..b.c'))).toBeNull();
  });

  test.each([
    ['b/../../etc/passwd'],
    ['x//etc/passwd'],
    ['b/mm/../../../etc/passwd'],
    ['b/.git/hooks/post-checkout'],
    [String.raw`"b/\056\056/etc/passwd"`],
    ['util.c'],
  ])('the path %s', (path) => {
    expect(check(diff(path))).toMatchObject({ code: 'PATCH_BAD_PATH', exit: 64 });
  });

  test.each<[string, string, string]>([
    ['a binary file', 'diff --git a/x.bin b/x.bin\nGIT binary patch\nliteral 3\nKcmZ\n', 'PATCH_BINARY'],
    [
      'a symlink',
      'diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc\n',
      'PATCH_SYMLINK',
    ],
    ['a submodule', 'diff --git a/x b/x\nindex 1..2 160000\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n', 'PATCH_SYMLINK'],
    ['damage', '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n', 'PATCH_DAMAGED'],
  ])('%s', (_, text, code) => {
    expect(check(text)).toMatchObject({ code, exit: 64 });
  });

  test('damage by format=flowed is called so, with the line', () => {
    expect(check('--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a long \nline\n-a\n+b\n', true)).toMatchObject({
      code: 'PATCH_FLOWED',
      message:
        'The patch "s" ("f.patch") is damaged: its line 5 is no line of its hunk. It was sent as format=flowed, which breaks long lines.',
      details: ['5: line'],
    });
  });
});

test('a quilt series file: comments, leading parts, reversal', () => {
  expect(parseQuiltSeries('# first\na.patch -p0\n\n  b.patch # why\n#c.patch\nd.patch -R\n')).toEqual([
    { name: 'a.patch', strip: 0, reverse: false },
    { name: 'b.patch', strip: 1, reverse: false },
    { name: 'd.patch', strip: 1, reverse: true },
  ]);
});

test('the hash of a set of patches is that of KCIDB', () => {
  expect(patchsetHash([])).toBe('');
  // printf '%s\n' aa bb | sha256sum
  expect(patchsetHash([{ sha256: 'aa' }, { sha256: 'bb' }])).toBe(
    '329d670e59ead1543a2d36865895972560bc434204c5f4a0c8219005dd312719',
  );
});

describe('--range', () => {
  test.each([
    ['v7.3..fixes', 'v7.3', 'fixes'],
    ['v7.3..', 'v7.3', 'HEAD'],
    ['..topic/x', 'HEAD', 'topic/x'],
    ['HEAD~3..HEAD^2', 'HEAD~3', 'HEAD^2'],
  ])('%s', (text, base, tip) => {
    expect(parseRange(text)).toEqual({ base, tip });
  });

  test.each(['v7.3', 'a...b', '..', '', 'a..b..c', 'a b..c'])('"%s" is none', (text) => {
    expect(() => parseRange(text)).toThrowError(expect.objectContaining({ code: 'RANGE_BAD', exit: 64 }));
  });
});
