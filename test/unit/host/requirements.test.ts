import { describe, expect, it } from 'vitest';
import { TARGETS, type Target } from '../../../harness/core/arch.ts';
import { requirementsFor, type Requirement } from '../../../harness/host/requirements.ts';
import { readVersion } from '../../../harness/host/version.ts';

const target = (name: string): Target => {
  const found = TARGETS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const names = (requirements: readonly Requirement[]): string[] => requirements.map(({ name }) => name);
const all = [...requirementsFor(TARGETS, { hostArch: 'x64' }), ...requirementsFor(TARGETS, { hostArch: 'arm64' })];

describe('every requirement', () => {
  it('has a purpose, a version that can be read and Debian packages', () => {
    for (const { name, purpose, elsewhere, debian, version, find } of all) {
      expect(purpose, name).toMatch(/^\S.*[^.\s]$/);
      expect(elsewhere, name).not.toBe('');
      expect(debian, name).not.toEqual([]);
      expect(debian.join(' '), name).toMatch(/^[a-z0-9][a-z0-9+. -]+$/);
      expect(version?.minimum ?? '1', name).toMatch(/^\d+(\.\d+)*$/);
      expect(version === undefined || find.kind === 'program', name).toBe(true);
    }
  });

  it('is named once', () => {
    const once = names(requirementsFor(TARGETS, { hostArch: 'x64' }));
    expect(new Set(once).size).toBe(once.length);
  });
});

describe('what the targets need', () => {
  it('is only what the asked-for targets need', () => {
    const x86 = names(requirementsFor([target('x86_64')], { hostArch: 'x64' }));
    expect(x86).toContain('qemu-system-x86_64');
    expect(x86.filter((name) => /aarch64|arm64/.test(name))).toEqual([]);
    const arm = names(requirementsFor([target('arm64')], { hostArch: 'x64' }));
    expect(arm).toEqual(
      expect.arrayContaining(['qemu-system-aarch64', 'aarch64-linux-gnu-gcc', 'static libc for arm64']),
    );
    expect(arm.filter((name) => /x86/.test(name))).toEqual([]);
  });

  it('swaps native and cross compilers with the host', () => {
    const packages = (hostArch: NodeJS.Architecture) =>
      requirementsFor(TARGETS, { hostArch }).flatMap(({ debian }) => debian);
    expect(packages('x64')).toEqual(expect.arrayContaining(['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross']));
    expect(packages('x64')).not.toContain('gcc-x86-64-linux-gnu');
    expect(packages('arm64')).toEqual(expect.arrayContaining(['gcc-x86-64-linux-gnu', 'libc6-dev-amd64-cross']));
    expect(packages('arm64')).not.toContain('gcc-aarch64-linux-gnu');
  });

  it('leaves out compilers and archive where the user brings them', () => {
    const few = names(requirementsFor(TARGETS, { hostArch: 'x64', compilers: false, archive: false }));
    expect(few).not.toContain('aarch64-linux-gnu-gcc');
    expect(few).not.toContain('apt-get');
    expect(few).toContain('dpkg-deb');
  });
});

describe('version patterns read what the programs of Debian 12 and 13 print', () => {
  it.each([
    ['qemu-system-x86_64', 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright', '7.2.22'],
    ['qemu-system-aarch64', 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\n', '10.0.2'],
    ['gcc', '12.2.0\n', '12.2.0'],
    ['ld', 'GNU ld (GNU Binutils for Debian) 2.40\nCopyright (C) 2023', '2.40'],
    ['make', 'GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu', '4.3'],
    ['flex', 'flex 2.6.4\n', '2.6.4'],
    ['bison', 'bison (GNU Bison) 3.8.2\nWritten by', '3.8.2'],
  ])('%s', (name, output, expected) => {
    const rule = all.find((requirement) => requirement.name === name)?.version;
    expect(rule && readVersion(output, rule.pattern)).toBe(expected);
  });
});
