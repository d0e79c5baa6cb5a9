import { describe, expect, test } from 'vitest';
import { maybeHasHook } from '../../../harness/kernel/debian.ts';
import { describe as describeKernel } from '../../../harness/kernel/describe.ts';
import { parseKernelSpec } from '../../../harness/kernel/spec.ts';
import { parseMakefileVersion } from '../../../harness/kernel/version.ts';

const HERE = import.meta.dirname;

describe('--kernel', () => {
  test('nothing, folders, files and packages', () => {
    expect(parseKernelSpec(undefined, '/x')).toEqual({ kind: 'default', cwd: '/x' });
    expect(parseKernelSpec('.', HERE)).toEqual({ kind: 'tree', folder: HERE });
    expect(parseKernelSpec('spec.test.ts', HERE)).toEqual({ kind: 'tarball', file: `${HERE}/spec.test.ts` });
    expect(parseKernelSpec('deb:linux-source-7.3', HERE)).toEqual({
      kind: 'deb',
      name: 'linux-source-7.3',
      version: null,
    });
    expect(parseKernelSpec('deb:linux-source-7.3=7.3.4-1~bpo13+1', HERE)).toMatchObject({ version: '7.3.4-1~bpo13+1' });
  });

  test.each([
    ['deb:linux-image-7.3', 'KERNEL_SPEC'],
    ['deb:linux-source-7.3=', 'KERNEL_SPEC'],
    ['no/such/tree', 'KERNEL_NO_SUCH_FILE'],
  ])('%s is wrong usage', (spec, code) => {
    expect(() => parseKernelSpec(spec, HERE)).toThrowError(expect.objectContaining({ code, blame: 'usage' }));
  });
});

test('the version in a Makefile', () => {
  const makefile = '# SPDX\nVERSION = 7\nPATCHLEVEL = 4\nSUBLEVEL = 0\nEXTRAVERSION = -rc2\nNAME = x\n';
  expect(parseMakefileVersion(makefile)).toEqual({ major: 7, minor: 4, patch: 0, text: '7.4.0-rc2' });
  expect(parseMakefileVersion(makefile.replace('-rc2', ''))?.text).toBe('7.4.0');
  expect(parseMakefileVersion('all:\n\tcc x.c\n')).toBeNull();
});

test.each([
  ['linux-source-7.1', true],
  ['linux-source-7.10', true],
  ['linux-source-8.0', true],
  ['linux-source-7.0', false],
  ['linux-source-6.12', false],
  ['linux-source', false],
])('%s may have the hook: %s', (name, expected) => {
  expect(maybeHasHook(name)).toBe(expected);
});

test('a kernel in one line', () => {
  const identity = { version: '7.3.4', commit: null, packageVersion: null, dirty: false, series: [] };
  const patch = { subject: '', author: '', sha256: '', file: '' };
  expect(describeKernel({ ...identity, source: 'deb:linux-source-7.3=7.3.4-1~bpo13+1', series: [patch] })).toBe(
    'linux 7.3.4 (deb:linux-source-7.3 7.3.4-1~bpo13+1) + 1 patch',
  );
  const tree = {
    ...identity,
    source: '/home/u/linux',
    commit: '1a2b3c4d5e6f708192a3b4c5d6e7f80912345678',
    dirty: true,
  };
  expect(describeKernel({ ...tree, series: [patch, patch] }, 3)).toBe(
    'linux 7.3.4 (/home/u/linux, 1a2b3c4d5e6f, 3 files modified) + 2 patches',
  );
  expect(describeKernel(tree, 1)).toContain('1 file modified');
  expect(describeKernel(tree)).toContain(', modified)');
});
