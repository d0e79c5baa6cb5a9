import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { splitPatches } from '../../../harness/kernel/mbox.ts';

const DIFF = '--- a/mm/util.c\n+++ b/mm/util.c\n@@ -1 +1 @@\n-old\n+new\n';
const FROM = 'From mboxrd@z Thu Jan  1 00:00:00 1970\n';

const mail = (subject: string, body: string, more = ''): string =>
  `${FROM}From: J. Doe <j@example.org>\n${more}Subject: ${subject}\n\n${body}\n`;
const patch = (subject: string, word = 'new'): string =>
  mail(subject, `Why.\n---\n${DIFF.replace('new', word)}-- \n2.39.5\n`);
const subjects = (text: string): string[] => splitPatches(text, '/x/series.mbox').map(({ subject }) => subject);
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

function refusal(text: string): unknown {
  try {
    splitPatches(text, 'f');
  } catch (error) {
    return error;
  }
  return null;
}

describe('a thread', () => {
  test('its patches in order of their numbers, without cover letter and answers', () => {
    const text = [
      mail('[PATCH v2 2/2] mm: second', `Text.\n---\n${DIFF}\n`),
      mail('[PATCH v2 0/2] cover', 'From here on, words only.\n\n mm/util.c | 2 +-\n'),
      mail('Re: [PATCH v2 1/2] mm: first', `> +new\n\nHow about this?\n\n${DIFF.replace('new', 'other')}`),
      mail('[PATCH v2 1/2] mm: first,\n folded', `Text.\n>From afar.\n---\n${DIFF}`),
    ];
    const patches = splitPatches(text.join(''), '/x/series.mbox');
    expect(patches.map(({ subject, author, file }) => [subject, author, file])).toEqual([
      ['mm: first, folded', 'J. Doe <j@example.org>', '/x/series.mbox'],
      ['mm: second', 'J. Doe <j@example.org>', '/x/series.mbox'],
    ]);
    expect(patches[0]?.text).toContain('\nFrom afar.\n');
  });

  test('of several versions the newest, whatever order they lie in', () => {
    const versions = [
      patch('[PATCH v3 2/2] mm: second, third time', 'c2'),
      patch('[PATCH 1/2] mm: first', 'a1'),
      patch('[PATCH mm-unstable v3 1/2] mm: first, third time', 'c1'),
      patch('[PATCH 2/2] mm: second', 'a2'),
      patch('[RFC PATCH v2 1/1] mm: both', 'b'),
    ];
    expect(subjects(versions.join(''))).toEqual(['mm: first, third time', 'mm: second, third time']);
  });

  test('one that came twice, by way of two lists, counts once', () => {
    expect(subjects(patch('[PATCH 1/2] one') + patch('[PATCH 2/2] two', 'b') + patch('[PATCH 1/2] one'))).toEqual([
      'one',
      'two',
    ]);
  });

  test('one that lacks a patch is refused, and so are two in one file', () => {
    expect(refusal(patch('[PATCH v3 1/4] a') + patch('[PATCH v3 4/4] d') + patch('[PATCH v2 2/4] b'))).toMatchObject({
      code: 'PATCH_INCOMPLETE',
      message: '"f" lacks 2/4, 3/4 of version 3.',
      exit: 64,
    });
    expect(refusal(patch('[PATCH 1/2] a') + patch('[PATCH 2/2] b') + patch('[PATCH 1/2] c', 'other'))).toMatchObject({
      code: 'PATCH_AMBIGUOUS',
    });
  });

  test('without numbers: the order of the file', () => {
    expect(subjects(patch('[PATCH] b') + patch('[PATCH] a'))).toEqual(['b', 'a']);
    expect(subjects(patch('[PATCH 2/7] alone'))).toEqual(['alone']);
  });

  test('nothing but words and answers is no patch', () => {
    expect(subjects('Hello.\n')).toEqual([]);
    expect(subjects('')).toEqual([]);
    expect(subjects(patch('Re: [PATCH] x'))).toEqual([]);
    expect(subjects(mail('[PATCH] x', '--- words of a message\n+++ more of them\n'))).toEqual([]);
  });
});

describe('a message', () => {
  test('encoded headers and bodies, and the author that the body names', () => {
    expect(splitPatches(mail('x', DIFF).replace('J. Doe', String.raw`"J. \"Doe\""`), 'f')[0]?.author).toBe(
      'J. "Doe" <j@example.org>',
    );
    const encoded = DIFF.replaceAll('=', '=3D').replace('+new', '+n=\new');
    const [quoted] = splitPatches(
      mail('=?UTF-8?q?mm=3A_J=C3=B6rg?=\n =?utf-8?b?4oCm?=', encoded, 'Content-Transfer-Encoding: quoted-printable\n'),
      'f',
    );
    expect(quoted).toMatchObject({ subject: 'mm: Jörg…', text: `${DIFF}\n` });
    const body = Buffer.from(`From: Real Author <r@example.org>\n\nWhy.\n---\n${DIFF}`.replaceAll('\n', '\r\n'));
    const [base64] = splitPatches(mail('x', body.toString('base64'), 'Content-Transfer-Encoding: base64\n'), 'f');
    expect(base64).toMatchObject({ author: 'Real Author <r@example.org>' });
    expect(base64?.text).toContain(`---\n${DIFF}`);
  });

  test('8 bit bodies byte for byte; other charsets become UTF-8, as git am makes them', () => {
    const word = DIFF.replace('new', '/* größer */');
    const plain = mail('x', word, 'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n');
    expect(splitPatches(bytes(plain), 'f')[0]?.text).toBe(bytes(`${word}\n`));
    const latin = mail('x', word, 'Content-Type: text/plain; charset="iso-8859-1"\n');
    expect(splitPatches(latin, 'f')[0]?.text).toBe(bytes(`${word}\n`));
    // A file of the kernel that is not UTF-8, in a mail that says nothing.
    expect(splitPatches(mail('x', word), 'f')[0]?.text).toBe(`${word}\n`);
  });

  test('signed and attached: the parts with text', () => {
    const part = (type: string, text: string, more = ''): string => `--B=1\nContent-Type: ${type}\n${more}\n${text}\n`;
    const signed = `${part('text/plain', `Why.\n---\n${DIFF}`)}${part('application/pgp-signature', '+sig')}--B=1--\nfooter\n`;
    const [one] = splitPatches(mail('x', signed, 'Content-Type: multipart/signed;\n boundary="B=1"\n'), 'f');
    expect(one?.text).toContain(DIFF);
    expect(one?.text).not.toMatch(/\+sig|footer/);
    const attached = `${part('text/plain', 'See below.')}${part('application/octet-stream; name="a.patch"', Buffer.from(DIFF).toString('base64'), 'Content-Transfer-Encoding: base64\n')}${part('text/html', DIFF)}--B=1--\n`;
    const [two] = splitPatches(mail('x', attached, 'Content-Type: multipart/mixed; boundary=B=1\n'), 'f');
    expect(two?.text.match(/^@@/gm)).toHaveLength(1);
  });

  test('CR LF of the transport is undone, CRs of the text stay', () => {
    const sent = patch('[PATCH] x').replaceAll('\n', '\r\n');
    expect(splitPatches(sent, 'f')[0]?.text).toBe(splitPatches(patch('[PATCH] x'), 'f')[0]?.text);
    const dos = DIFF.replace('old', 'old\r').replace('new', 'new\r');
    expect(splitPatches(dos, 'f')[0]?.text).toBe(dos);
  });

  test('format=flowed is known', () => {
    const flowed = mail('x', DIFF, 'Content-Type: text/plain; charset=utf-8; format=flowed\n');
    expect(splitPatches(flowed, 'f')[0]?.flowed).toBe(true);
    expect(splitPatches(mail('x', DIFF), 'f')[0]?.flowed).toBe(false);
  });
});

describe('names', () => {
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

  test('a bare diff is named after its file', () => {
    expect(splitPatches(DIFF, '/x/fix.diff')).toMatchObject([{ subject: 'fix.diff', author: '', text: DIFF }]);
  });

  test('the sha256 is that of the file, or of the message in an mbox', () => {
    expect(splitPatches(patch('[PATCH] x'), 'f')[0]?.sha256).toBe(sha(patch('[PATCH] x')));
    const [first, second] = splitPatches(patch('[PATCH] a') + patch('[PATCH] b', 'b'), 'f');
    expect(first?.sha256).toBe(sha(patch('[PATCH] a').replace(/\n$/, '')));
    expect(second?.sha256).toBe(sha(patch('[PATCH] b', 'b').replace(/\n$/, '')));
  });
});
