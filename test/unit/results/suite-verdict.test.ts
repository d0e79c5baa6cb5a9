import { describe, expect, it } from 'vitest';
import type { AllowEntry } from '../../../harness/contract/allow.ts';
import { findProgram } from '../../../harness/contract/suites.ts';
import type { Case } from '../../../harness/core/events.ts';
import type { CaseList } from '../../../harness/probe/cases.ts';
import {
  decideProgram,
  type ProgramEnd,
  type ProgramInput,
  type ProgramResult,
} from '../../../harness/results/suite-verdict.ts';
import { WARNING } from '../../fixtures/events/stream.ts';

const a = (outcome: Case['outcome'], name: string = outcome, reason = ''): Case => ({ name, outcome, reason });
const list = (cases: readonly Case[], change: Partial<CaseList> = {}): CaseList => ({
  cases,
  bailOut: null,
  skipped: null,
  problems: [],
  ...change,
});
const exit = (code: number): ProgramEnd => ({ kind: 'exit', code });
const ran = (end: ProgramEnd, cases: CaseList, lastWords = ''): ProgramResult => ({
  kind: 'ran',
  end,
  list: cases,
  lastWords,
  durationMs: 5,
});

function decide(result: ProgramResult, change: Partial<ProgramInput> = {}, name = 'merge') {
  return decideProgram({
    id: { clause: 'selftests-mm', path: name, target: 'x86_64', profile: 'base' },
    program: findProgram('selftests-mm', name)!,
    result,
    splats: [],
    config: new Set(),
    kernelVersion: '7.3.4-mmapvet',
    allow: [],
    ...change,
  });
}

describe('a program', () => {
  it('passes if it says so, ends so, and something passed', () => {
    const cell = decide(ran(exit(0), list([a('pass'), a('not-applicable'), a('known')])));
    expect(cell).toMatchObject({ outcome: 'pass', reason: '', ran: true, durationMs: 5 });
    expect(cell.cases).toHaveLength(3);
    expect(cell.observers.user[0]).toEqual({ ok: true, text: '1 of 3 cases passed, 1 skipped, exit code 0' });
  });

  it('that failed names what did', () => {
    const cell = decide(ran(exit(1), list([a('pass'), a('fail', 'merge.two', 'merge.c:9')])));
    expect(cell).toMatchObject({ outcome: 'fail', reason: '1 of 2 cases failed: merge.two' });
    expect(cell.observers.user).toContainEqual({ ok: false, text: 'merge.two: fail: merge.c:9' });
  });

  it.each([
    ['gave up', ran(exit(1), list([a('pass')], { bailOut: 'mmap() succeeded' })), 'fail', 'mmap() succeeded'],
    ['only skipped, by its exit code', ran(exit(4), list([a('not-applicable', 'x', 'no uffd')])), 'vacuous', 'no uffd'],
    ['only skipped, by its plan', ran(exit(0), list([], { skipped: 'no /dev/mem' })), 'vacuous', 'no /dev/mem'],
    ['only skipped, by its cases', ran(exit(0), list([a('not-applicable', 'x', 'no uffd')])), 'vacuous', 'no uffd'],
    ['told of nothing', ran(exit(0), list([])), 'vacuous', 'no case that passed'],
    ['says both', ran(exit(0), list([a('pass'), a('fail')])), 'error', 'ended with code 0, but 1 case failed'],
    ['skips and fails', ran(exit(4), list([a('fail')])), 'error', 'ended with code 4, but 1 case failed'],
    ['fails without a case', ran(exit(1), list([a('pass')]), 'oops'), 'error', 'no case failed: oops'],
    [
      'lost cases',
      ran(exit(0), list([a('pass')], { problems: ['1 of 3 planned results'] })),
      'error',
      '1 of 3 planned',
    ],
    ['crashed', ran({ kind: 'signal', signal: 'signal 11' }, list([a('pass')])), 'error', 'signal 11 after 1 case'],
    ['hangs', ran({ kind: 'timeout', seconds: 300 }, list([])), 'error', 'time limit of 300 s'],
    ['lost its guest', ran({ kind: 'lost', why: 'QEMU ended', byKernel: false }, list([])), 'error', 'QEMU ended'],
    ['took the kernel with it', ran({ kind: 'lost', why: 'it reset', byKernel: true }, list([])), 'fault', 'it reset'],
    ['is not in the tree', { kind: 'absent' }, 'not-applicable', 'no tools/testing/selftests/mm/merge.c'],
    ['was not run', { kind: 'not-run', outcome: 'error', why: 'it does not build' }, 'error', 'it does not build'],
  ] as const)('that %s', (_, result, outcome, reason) => {
    expect(decide(result)).toMatchObject({ outcome, reason: expect.stringContaining(reason) });
  });

  it('that only skipped says what the kernel lacks', () => {
    const skipped = ran(exit(4), list([], { skipped: "Cannot open '/dev/mem'" }));
    expect(decide(skipped, {}, 'pfnmap').reason).toBe(
      "nothing was tested: Cannot open '/dev/mem'; the kernel lacks CONFIG_DEVMEM=y: add it with --kconfig-add",
    );
    expect(decide(skipped, { config: new Set(['CONFIG_DEVMEM=y']) }, 'pfnmap').reason).not.toContain('lacks');
  });
});

describe('a case that needs what the kernel was built without', () => {
  const UFFD = 'mremap move multiple invalid vmas';
  const LACKS = 'the kernel lacks CONFIG_USERFAULTFD=y: add it with --kconfig-add';
  const failed = (name: string) => ran(exit(0), list([a('pass'), a('fail', name, 'userfaultfd: ENOSYS')]));

  it('counts as skipped if it fails, and says what is missing', () => {
    const cell = decide(failed(UFFD), {}, 'mremap_test');
    expect(cell.outcome).toBe('pass');
    expect(cell.cases?.[1]).toEqual({ name: UFFD, outcome: 'not-applicable', reason: LACKS });
    expect(cell.observers.user).toEqual([
      { ok: true, text: '1 of 2 cases passed, 1 skipped, exit code 0' },
      { ok: true, text: `${UFFD}: skipped: ${LACKS}` },
    ]);
  });

  it.each([
    ['the kernel has it', UFFD, new Set(['CONFIG_USERFAULTFD=y'])],
    ['the config is not known', UFFD, null],
    ['it is another case', 'mremap move', new Set<string>()],
  ])('fails where %s, though the program ends well', (_, name, config) => {
    expect(decide(failed(name), { config }, 'mremap_test')).toMatchObject({
      outcome: 'fail',
      reason: `1 of 2 cases failed: ${name}`,
    });
  });
});

describe('the kernel', () => {
  const good = ran(exit(0), list([a('pass')]));
  const entry = (change: Partial<AllowEntry>): AllowEntry => ({
    at: 'allow.yaml:1',
    paths: [],
    targets: [],
    reason: 'known since 7.1',
    link: 'https://example.org/1',
    expires: '2999-01-01',
    ...change,
  });

  it('that complained meanwhile is a fault, whatever the program says', () => {
    expect(decide(good, { splats: [WARNING] })).toMatchObject({ outcome: 'fault', faults: [WARNING] });
  });

  it('has known trouble: a failed program, or a splat of one that is well', () => {
    const failed = ran(exit(1), list([a('fail')]));
    const allow = [entry({ clause: 'selftests-mm', paths: ['merge'] })];
    expect(decide(failed, { allow })).toMatchObject({ outcome: 'known', known: { outcome: 'fail' } });
    expect(decide(failed, { allow }, 'pfnmap').outcome).toBe('fail');
    const splat = [entry({ splat: /remap_pfn/ })];
    expect(decide(good, { splats: [WARNING], allow: splat }).outcome).toBe('known');
    expect(decide(failed, { splats: [WARNING], allow: splat }).outcome).toBe('fault');
  });
});
