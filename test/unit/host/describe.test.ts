import { describe, expect, it } from 'vitest';
import { createScreen } from '../../../harness/core/screen.ts';
import { describeFindings, findingsAsJson, isFit } from '../../../harness/host/describe.ts';
import type { Finding } from '../../../harness/host/doctor.ts';
import type { Requirement } from '../../../harness/host/requirements.ts';

const nowhere = { write: () => true };
const screen = createScreen(nowhere, nowhere, {});

const need = (name: string, ...debian: string[]): Requirement => ({
  name,
  purpose: 'kernel builds',
  find: { kind: 'program', name },
  debian,
  elsewhere: `${name} (any)`,
});

const FINDINGS: readonly Finding[] = [
  { kind: 'ok', requirement: need('make', 'make'), where: '/usr/bin/make', version: '4.3' },
  { kind: 'missing', requirement: need('flex', 'flex', 'libfl-dev') },
  { kind: 'old', requirement: need('gcc', 'gcc', 'flex'), where: '/usr/bin/gcc', version: '7.3', minimum: '8.1' },
  { kind: 'enough', name: 'disk', text: '9.0 GB free' },
  { kind: 'low', name: 'memory', text: '1.0 GB free, a first run takes 2 GB', hint: 'End other programs.' },
  { kind: 'note', name: '/dev/kvm', text: 'not there' },
];

describe('describeFindings', () => {
  it('gives each lack its command, and one for all, each package once', () => {
    expect(describeFindings(FINDINGS, { kind: 'apt' }, screen)).toMatchInlineSnapshot(`
      "  ✓ make                     4.3  /usr/bin/make
        ✗ flex                     missing, needed for kernel builds
            Run as root: apt-get install -y --no-install-recommends flex libfl-dev
        ✗ gcc                      7.3 (/usr/bin/gcc) is too old, 8.1 is needed for kernel builds
            Run as root: apt-get install -y --no-install-recommends gcc flex
        ✓ disk                     9.0 GB free
        ✗ memory                   1.0 GB free, a first run takes 2 GB
            End other programs.
        · /dev/kvm                 not there

      Run as root: apt-get install -y --no-install-recommends flex libfl-dev gcc
      This host lacks 3 of what a run needs.
      "
    `);
  });

  it('names the tools where there is no apt', () => {
    const text = describeFindings(FINDINGS, { kind: 'unknown' }, screen);
    expect(text).toContain("Install with this system's package manager: flex (any), gcc (any)");
    expect(text).not.toContain('apt-get');
  });
});

describe('findingsAsJson', () => {
  it('says the same for programs', () => {
    expect(findingsAsJson(FINDINGS.slice(1, 2), { kind: 'apt' })).toEqual({
      ok: false,
      fix: 'Run as root: apt-get install -y --no-install-recommends flex libfl-dev',
      findings: [
        {
          kind: 'missing',
          name: 'flex',
          purpose: 'kernel builds',
          packages: ['flex', 'libfl-dev'],
          fix: 'Run as root: apt-get install -y --no-install-recommends flex libfl-dev',
        },
      ],
    });
  });
});

describe('isFit', () => {
  it.each(FINDINGS.map((finding) => [finding.kind, finding] as const))('%s alone', (kind, finding) => {
    expect(isFit([finding])).toBe(['ok', 'enough', 'note'].includes(kind));
  });
});
