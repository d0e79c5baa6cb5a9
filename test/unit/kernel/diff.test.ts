import { describe, expect, test } from 'vitest';
import { parseDiff, pathsOf } from '../../../harness/kernel/diff.ts';

const HEAD = ['--- a/mm/util.c', '+++ b/mm/util.c'];
const parse = (...lines: readonly string[]) => parseDiff(`${lines.join('\n')}\n`);

describe('files', () => {
  test('plain, git, renamed, made, deleted; words of a message are none', () => {
    const diff = parse(
      'diff --git a/old.c b/new.c',
      'rename from old.c',
      'rename to new.c',
      '--- a/mm/util.c\t2026-01-01',
      '+++ b/mm/util.c',
      '@@ -1 +1 @@',
      '-a',
      '+b',
      '--- /dev/null',
      '+++ b/mm/made.c',
      '@@ -0,0 +1 @@',
      '+b',
      'diff --git a/run.sh b/run.sh',
      'old mode 100644',
      'new mode 100755',
      '---',
      '--- words of a message',
    );
    expect(pathsOf(diff)).toEqual(['old.c', 'new.c', 'mm/util.c', 'mm/made.c', 'run.sh']);
    expect(diff.files.map(({ oldPath }) => oldPath)).toEqual(['old.c', 'mm/util.c', null, 'run.sh']);
    expect(diff.damage).toBeNull();
  });

  test('names with blanks, quotes and letters beyond ASCII', () => {
    expect(pathsOf(parse('diff --git a/a file.c b/a file.c', 'old mode 100644', 'new mode 100755'))).toEqual([
      'a file.c',
    ]);
    expect(pathsOf(parse('--- a/a file.c\t', '+++ b/a file.c\t', '@@ -1 +1 @@', '-a', '+b'))).toEqual(['a file.c']);
    const quoted = String.raw`"a/we\"ird \303\266.c"`;
    const [path] = pathsOf(parse(`diff --git ${quoted} ${quoted.replace('a/', 'b/')}`, 'new file mode 100644'));
    expect(Buffer.from(path ?? '', 'latin1').toString()).toBe('we"ird ö.c');
  });

  test('with other numbers of leading parts', () => {
    const text = '--- mm/util.c.orig\n+++ mm/util.c\n@@ -1 +1 @@\n-a\n+b\n';
    expect(pathsOf(parseDiff(text, 0))).toEqual(['mm/util.c.orig', 'mm/util.c']);
    expect(pathsOf(parseDiff(text, 2))).toEqual(['']);
  });

  test('binary ones and symlinks are known', () => {
    expect(parse('diff --git a/x b/x', 'index 1..2 100644', 'GIT binary patch', 'literal 3').files[0]?.binary).toBe(
      true,
    );
    expect(parse('diff --git a/x b/x', 'Binary files a/x and b/x differ').files[0]?.binary).toBe(true);
    expect(parse('diff --git a/x b/x', 'new file mode 120000', 'index 0..1').files[0]?.modes).toEqual(['120000']);
  });
});

describe('hunks', () => {
  test('as their headers count them: a signature, a next file and an empty context line are no damage', () => {
    const diff = parse(
      ...HEAD,
      '@@ -3,3 +3,4 @@ int f(void)',
      ' a',
      '',
      '-b',
      '+c',
      '+d',
      '-- ',
      '2.39',
      ...HEAD,
      '@@ -9 +9 @@',
      '-x',
      String.raw`\ No newline at end of file`,
      '+y',
    );
    expect(diff.damage).toBeNull();
    expect(diff.files[0]?.hunks).toEqual([{ oldStart: 3, newStart: 3, line: 3, lines: [' a', ' ', '-b', '+c', '+d'] }]);
    expect(diff.files[1]?.hunks).toMatchObject([{ oldStart: 9, lines: ['-x', '+y'] }]);
  });

  test.each<[string, readonly string[], number, string]>([
    ['a line that a mailer broke', ['@@ -1,2 +1,2 @@', ' a', '-b', '+a long', 'line'], 7, 'is one more'],
    ['one broken in the middle', ['@@ -1,2 +1,2 @@', ' a long', 'line', '-b', '+c'], 5, 'is no line of its hunk'],
    ['one cut off', ['@@ -1,3 +1,3 @@', ' a', '-b'], 5, 'is the last'],
    ['one with more lines than it says', ['@@ -1 +1 @@', '-a', '+b', '+c'], 6, 'is one more'],
    ['one whose counts are wrong', ['@@ -1 +1,3 @@', '-a', '-b', '+c'], 5, 'is no line of its hunk'],
    ['a header that is none', ['@@ -1,x +1 @@'], 3, 'is no hunk header'],
    ["a merge's", ['@@@ -1,1 -1,1 +1,1 @@@'], 3, 'combined diff'],
  ])('%s is damage, with its line', (_, lines, line, why) => {
    const { damage } = parse(...HEAD, ...lines);
    expect(damage?.why).toContain(why);
    expect(damage?.line).toBe(line);
  });
});
