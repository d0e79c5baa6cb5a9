/** What `reuse lint` would check: every file has a licence, its header agrees with REUSE.toml, and each text is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';

/** In two pieces: whoever looks for licence headers shall find none here. */
const TAG = ['SPDX-License', 'Identifier'].join('-');

interface Annotation {
  readonly paths: readonly RegExp[];
  readonly licence: string | undefined;
  readonly copyright: string | undefined;
}

/** REUSE's globs: `**` is anything, `*` stops at a slash. */
function globToRegExp(glob: string): RegExp {
  const pattern = glob.split('**').map((part) =>
    part
      .split('*')
      .map((text) => RegExp.escape(text))
      .join('[^/]*'),
  );
  return new RegExp(`^${pattern.join('.*')}$`);
}

function readAnnotations(toml: string): Annotation[] {
  const value = (block: string, key: string) => new RegExp(`^${key} = (.*)$`, 'm').exec(block)?.[1] ?? '';
  const strings = (text: string) => [...text.matchAll(/"([^"]*)"/g)].map(([, word]) => word ?? '');
  return toml
    .split('[[annotations]]')
    .slice(1)
    .map((block) => ({
      paths: strings(value(block, 'path')).map(globToRegExp),
      licence: strings(value(block, TAG))[0],
      copyright: strings(value(block, 'SPDX-FileCopyrightText'))[0],
    }));
}

const annotations = readAnnotations(readFileSync(join(PROJECT, 'REUSE.toml'), 'utf8'));
/** The last annotation that matches counts. */
const annotationOf = (file: string) => annotations.findLast(({ paths }) => paths.some((path) => path.test(file)));

const { stdout } = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: PROJECT });
const files = stdout.split('\0').filter((file) => file !== '' && !file.startsWith('LICENSES/'));

/** A comment's own line, so that prose about headers is none. */
const HEADER = new RegExp(String.raw`^(?://|/\*|#|;|<!--)?\s*${TAG}: ([\w.+ -]+?)\s*(?:\*/|-->)?$`, 'm');

const headerOf = (file: string): string | undefined => {
  const start = readFileSync(join(PROJECT, file)).subarray(0, 2000).toString('latin1');
  return HEADER.exec(start)?.[1];
};

describe('licences', () => {
  it('there are files to look at', () => {
    expect(files).toContain('REUSE.toml');
  });

  it('every file has a licence and a holder', () => {
    expect(files.filter((file) => !annotationOf(file)?.licence || !annotationOf(file)?.copyright)).toEqual([]);
  });

  it('a header says what REUSE.toml says', () => {
    const differ = files
      .map((file) => ({ file, header: headerOf(file), expected: annotationOf(file)?.licence }))
      .filter(({ header, expected }) => header !== undefined && header !== expected);
    expect(differ).toEqual([]);
  });

  it('every C file says it in a header', () => {
    expect(files.filter((file) => /^guest\/.*\.[ch]$/.test(file) && headerOf(file) === undefined)).toEqual([]);
  });

  it('the driver has the kernel’s licence, its uapi header the note', () => {
    expect(annotationOf('guest/driver/any/file.c')?.licence).toBe('GPL-2.0-only');
    expect(annotationOf('guest/driver/mmapvet.h')?.licence).toBe('GPL-2.0-only WITH Linux-syscall-note');
    expect(annotationOf('test/fixtures/series/a.patch')?.licence).toBe('GPL-2.0-only');
    expect(annotationOf('guest/probes/a.c')?.licence).toBe('MIT');
  });

  it('LICENSES/ has the text of each licence in use, and no other', () => {
    const used = annotations.flatMap(({ licence }) => (licence ?? '').split(' WITH '));
    const texts = readdirSync(join(PROJECT, 'LICENSES')).map((name) => name.replace(/\.txt$/, ''));
    expect(texts.toSorted()).toEqual([...new Set(used)].toSorted());
  });
});
