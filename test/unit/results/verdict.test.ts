import { describe, expect, it } from 'vitest';
import type { Clause } from '../../../harness/contract/clause.ts';
import type { Fault } from '../../../harness/core/events.ts';
import type { ProbeReport } from '../../../harness/probe/report.ts';
import { decide, mustHave, type VerdictInput } from '../../../harness/results/verdict.ts';

const CLAUSE: Clause = {
  id: 'A01',
  title: 'A mapping that becomes a VMA of its own gets mapped before mmap() returns',
  class: 'P',
  source: 'mm/util.c:mmap_action_finish',
  observers: 'two',
  event: 'mapped',
  paths: ['direct'],
  needs: ['prepare', 'mapped'],
  redControls: [{ kind: 'mutant', name: 'mapped-skipped' }],
  explain: '',
};
const NOISY: Clause = { ...CLAUSE, splat: { title: /^WARNING in can_mmap_file$/, why: 'both hooks are set' } };
const LEAKING: Clause = { ...CLAUSE, splat: { class: 'leak', title: /can_mmap_file/, why: 'it is planted' } };

const REPORT: ProbeReport = {
  cell: 'A01.direct',
  clause: 'A01',
  path: 'direct',
  driver: [{ ok: true, text: 'mapped x1' }],
  user: [{ ok: true, text: 'the page can be read' }],
  log: ['seq=1 type=prepare', 'seq=2 type=mapped'],
  counts: { prepare: 1, mapped: 1 },
  vmas: [],
  kmsg: [],
  splats: [],
  changed: null,
  observed: { driver: [], user: [] },
  taint: { before: 0x3000, after: 0x3000 },
  durationMs: 12,
  said: [],
  lost: 0,
  outcome: 'pass',
  reason: '',
};

const INPUT: VerdictInput = {
  id: { clause: 'A01', path: 'direct', target: 'x86_64', profile: 'base' },
  clause: CLAUSE,
  probe: { kind: 'reported', report: REPORT },
  splats: [],
  taint: null,
  features: ['prepare', 'mapped'],
  kernelVersion: '7.3.4-mmapvet',
  recorded: null,
  allow: [],
  evidence: 'x86_64/A01-direct',
};

const WARNING: Fault = {
  class: 'warning',
  title: 'WARNING in can_mmap_file',
  lines: ['WARNING: ./include/linux/fs.h:2050 at can_mmap_file+0x1/0x2, CPU#0: a/1'],
};
const OOPS: Fault = { class: 'oops', title: 'NULL pointer dereference in f', lines: ['BUG: …'] };

const reported = (change: Partial<ProbeReport>, input: Partial<VerdictInput> = {}): VerdictInput => ({
  ...INPUT,
  probe: { kind: 'reported', report: { ...REPORT, ...change } },
  ...input,
});
const bad = (text: string) => [{ ok: false, text }];
const verdict = (input: VerdictInput) => {
  const { outcome, reason } = decide(input);
  return reason === '' ? outcome : `${outcome}: ${reason}`;
};

describe('decide', () => {
  it('carries the facts, the log and the coordinates over', () => {
    expect(decide(INPUT)).toEqual({
      clause: 'A01',
      path: 'direct',
      target: 'x86_64',
      profile: 'base',
      outcome: 'pass',
      ran: true,
      reason: '',
      observers: { driver: REPORT.driver, user: REPORT.user },
      durationMs: 12,
      repeats: [],
      log: REPORT.log,
      evidence: 'x86_64/A01-direct',
      faults: [],
    });
  });

  const table: readonly (readonly [string, VerdictInput, string])[] = [
    ['a pass with facts and the event', INPUT, 'pass'],
    // Passes that nobody earned.
    ['no driver fact', reported({ driver: [] }), 'vacuous: the probe passed without a fact from the driver'],
    ['no user fact', reported({ user: [] }), 'vacuous: the probe passed without a fact from user space'],
    [
      'the event was not counted',
      reported({ counts: { prepare: 1, mapped: 0 } }),
      'vacuous: the driver counted no "mapped" event',
    ],
    ['no counts at all', reported({ counts: {} }), 'vacuous: the driver counted no "mapped" event'],
    ['a clause that no event is about', reported({ counts: {} }, { clause: { ...CLAUSE, event: 'none' } }), 'pass'],
    [
      'the probe itself says vacuous',
      reported({ outcome: 'vacuous', reason: 'no fault came' }),
      'vacuous: no fault came',
    ],
    ['vacuous without a reason', reported({ outcome: 'vacuous' }), 'vacuous: the driver counted no "mapped" event'],
    // Words and facts that contradict each other.
    [
      'ok with a bad driver fact',
      reported({ driver: bad('mapped x2') }),
      'error: the probe says ok, but a fact says otherwise: mapped x2',
    ],
    [
      'ok with a bad user fact',
      reported({ user: bad('EPERM') }),
      'error: the probe says ok, but a fact says otherwise: EPERM',
    ],
    [
      'fail without a bad fact',
      reported({ outcome: 'fail', reason: '' }),
      'error: the probe failed without a fact that says why',
    ],
    [
      'fail that only the driver saw',
      reported({ outcome: 'fail', driver: bad('mapped x0') }),
      'error: the observers disagree: the driver saw mapped x0; user space saw nothing wrong',
    ],
    [
      'fail that only user space saw',
      reported({ outcome: 'fail', user: bad('EPERM') }),
      'error: the observers disagree: user space saw EPERM; the driver saw nothing wrong',
    ],
    [
      'the same, where only a hook can see the fact',
      reported({ outcome: 'fail', user: bad('EPERM') }, { clause: { ...CLAUSE, observers: 'driver-only' } }),
      'error: the observers disagree: user space saw EPERM; the driver saw nothing wrong',
    ],
    // Fails.
    [
      'fail that both saw',
      reported({ outcome: 'fail', reason: 'a; b', driver: bad('a'), user: bad('b') }),
      'fail: a; b',
    ],
    [
      'fail that only the driver can see',
      reported({ outcome: 'fail', reason: 'a', driver: bad('a') }, { clause: { ...CLAUSE, observers: 'driver-only' } }),
      'fail: a',
    ],
    [
      'fail of a hook that never ran',
      reported({ outcome: 'fail', reason: 'a', driver: bad('a'), user: bad('b'), counts: {} }),
      'fail: a',
    ],
    // Recorded behaviour.
    [
      'changed, X clause',
      reported({ outcome: 'changed', reason: 'recorded: 1; seen: 2' }, { clause: { ...CLAUSE, class: 'X' } }),
      'changed: recorded: 1; seen: 2',
    ],
    [
      'changed, P clause',
      reported({ outcome: 'changed', reason: 'recorded: 1; seen: 2' }),
      'error: the probe says "changed", but A01 is no recorded behaviour: recorded: 1; seen: 2',
    ],
    // Errors in the probe's own words.
    ['error', reported({ outcome: 'error', reason: 'fork failed' }), 'error: fork failed'],
    ['error without a reason', reported({ outcome: 'error' }), 'error: the probe gave no reason'],
    // Splats.
    ['an oops during a pass', reported({}, { splats: [OOPS] }), 'fault: NULL pointer dereference in f'],
    [
      'an oops outweighs a fail',
      reported({ outcome: 'fail', driver: bad('a'), user: bad('b') }, { splats: [OOPS] }),
      'fault: NULL pointer dereference in f',
    ],
    ['a warning where none is wanted', reported({}, { splats: [WARNING] }), 'fault: WARNING in can_mmap_file'],
    ['the wanted warning on the console', reported({}, { clause: NOISY, splats: [WARNING] }), 'pass'],
    ['the wanted warning in /dev/kmsg', reported({ splats: [{ ok: true, text: 'W' }] }, { clause: NOISY }), 'pass'],
    [
      'the wanted warning and an oops',
      reported({}, { clause: NOISY, splats: [WARNING, OOPS] }),
      'fault: NULL pointer dereference in f',
    ],
    [
      'another fault in the function that is to warn',
      reported({}, { clause: NOISY, splats: [{ ...WARNING, class: 'kasan' }] }),
      'fault: WARNING in can_mmap_file',
    ],
    ['the wanted leak', reported({}, { clause: LEAKING, splats: [{ ...WARNING, class: 'leak' }] }), 'pass'],
    [
      'a warning where a leak is wanted',
      reported({}, { clause: LEAKING, splats: [WARNING] }),
      'fault: WARNING in can_mmap_file',
    ],
    [
      'no wanted warning',
      reported({}, { clause: NOISY }),
      'fail: the kernel did not warn, but must: both hooks are set',
    ],
    ['a splat that only the probe saw', reported({ splats: bad('WARNING in g') }), 'fault: WARNING in g'],
    [
      "fault in the probe's words",
      reported({ outcome: 'fault', reason: 'x', splats: bad('WARNING in g') }),
      'fault: WARNING in g',
    ],
    // Taint.
    [
      'an oops flag without a splat',
      reported({ taint: { before: 0x3000, after: 0x3080 } }),
      'fault: the kernel got the taint D (oops or BUG), but no splat was seen',
    ],
    [
      'a warning flag without a splat',
      reported({}, { taint: { before: 0, after: 0x200 } }),
      'fault: the kernel got the taint W (warning), but no splat was seen',
    ],
    [
      'a lockup flag',
      reported({}, { taint: { before: 0, after: 1 << 14 } }),
      'fault: the kernel got the taint L (soft lockup), but no splat was seen',
    ],
    ["our driver's own flags", reported({ taint: { before: 0, after: 0x3000 } }), 'pass'],
    ['an old warning flag', reported({ taint: { before: 0x3200, after: 0x3200 } }), 'pass'],
    [
      'the flag of the wanted warning',
      reported({ taint: { before: 0, after: 0x200 } }, { clause: NOISY, splats: [WARNING] }),
      'pass',
    ],
    [
      'more than the flag of the wanted warning',
      reported({ taint: { before: 0, after: 0x280 } }, { clause: NOISY, splats: [WARNING] }),
      'fault: the kernel got the taint D (oops or BUG), but no splat was seen',
    ],
    // What the kernel lacks.
    ['skipped', reported({ outcome: 'not-applicable', reason: 'no MTE' }), 'not-applicable: no MTE'],
    ['skipped without a reason', reported({ outcome: 'not-applicable' }), 'not-applicable: the probe gave no reason'],
    [
      'a feature that old kernels lack',
      reported({}, { features: [], kernelVersion: '6.12.48' }),
      'not-applicable: this kernel lacks prepare, mapped',
    ],
    [
      'a feature that must be there',
      reported({ outcome: 'not-applicable' }, { features: ['prepare'] }),
      'fail: Linux 7.3.4-mmapvet must have mapped, but the driver could not be built with it',
    ],
    [
      'a feature that no version promises',
      reported({}, { clause: { ...CLAUSE, needs: ['success-hook'] } }),
      'not-applicable: this kernel lacks success-hook',
    ],
    ['features not known', reported({}, { features: null }), 'pass'],
    [
      'a fault outweighs a missing feature',
      reported({}, { features: [], splats: [OOPS] }),
      'fault: NULL pointer dereference in f',
    ],
  ];
  it.each(table)('%s', (_name, input, expected) => {
    expect(verdict(input)).toBe(expected);
  });

  const missing = [
    ['crashed', 'signal 11', 'error: the probe crashed: signal 11'],
    ['cut-off', '', "error: the probe's output was cut off"],
    ['time-limit', '5000 ms', 'error: the probe took longer than its time limit: 5000 ms'],
    ['not-run', '', 'error: the probe never started'],
    ['lost-connection', '', 'error: the connection to the guest was lost'],
    ['guest-died', '', 'error: the guest ended before the probe did'],
    ['no-result', '', 'error: the probe ended without a result for this cell'],
    ['interrupted', '', 'error: the run was interrupted'],
  ] as const;
  it.each(missing)('without a report: %s', (why, detail, expected) => {
    expect(verdict({ ...INPUT, probe: { kind: 'missing', why, detail, facts: null } })).toBe(expected);
  });

  it('blames the kernel for a lost probe when the console shows why, and keeps the last words', () => {
    const cell = decide({
      ...INPUT,
      probe: { kind: 'missing', why: 'guest-died', detail: '', facts: REPORT },
      splats: [OOPS],
    });
    expect(cell).toMatchObject({
      outcome: 'fault',
      faults: [OOPS],
      log: REPORT.log,
      observers: { driver: REPORT.driver },
    });
  });

  it('blames a missing feature, not the probe that never ran', () => {
    const probe = { kind: 'missing', why: 'not-run', detail: '', facts: null } as const;
    expect(verdict({ ...INPUT, probe, features: [], kernelVersion: '6.12' })).toBe(
      'not-applicable: this kernel lacks prepare, mapped',
    );
  });

  it('takes the file of an inlined hook for the wanted warning', () => {
    const inlined: Fault = {
      class: 'warning',
      title: 'WARNING in do_mmap',
      lines: [
        '------------[ cut here ]------------',
        'WARNING: ./include/linux/fs.h:2050 at do_mmap+0x1/0x2, CPU#0: a/1',
      ],
    };
    const clause = { ...CLAUSE, splat: { title: /include\/linux\/fs\.h:/, why: 'x' } };
    expect(verdict({ ...INPUT, clause, splats: [inlined] })).toBe('pass');
  });

  it('says one title once and bounds the reason', () => {
    expect(decide({ ...INPUT, splats: [OOPS, OOPS] }).reason).toBe(OOPS.title);
    const long = { ...OOPS, title: 'x'.repeat(5000) };
    expect(decide({ ...INPUT, splats: [long] }).reason).toHaveLength(500);
  });
});

describe('mustHave', () => {
  it.each([
    ['7.0.9', false],
    ['7.1', true],
    ['7.3.4-mmapvet', true],
    ['8.0-rc1', true],
    ['6.18', false],
    ['unknown', false],
  ])('mapped in %s: %s', (version, expected) => {
    expect(mustHave('mapped', version)).toBe(expected);
  });

  it('promises nothing about features that come and go', () => {
    expect(mustHave('success-hook', '7.3')).toBe(false);
  });
});

describe('a recorded behaviour', () => {
  const X: Clause = { ...CLAUSE, class: 'X' };
  const RECORDED = {
    kernel: '7.3.4',
    source: 'mm/util.c:10 f',
    driver: ['close x1', 'prepare x1'],
    user: ['mmap: EPERM'],
  };
  const saw = (driver: string[], user: string[], input: Partial<VerdictInput> = {}) =>
    reported({ driver: [], user: [], observed: { driver, user } }, { clause: X, recorded: RECORDED, ...input });

  it('is a pass where it is as recorded, and its facts are what was seen', () => {
    const cell = decide(saw(RECORDED.driver, RECORDED.user));
    expect(cell).toMatchObject({ outcome: 'pass', behaviour: { recorded: { kernel: '7.3.4' } } });
    expect(cell.observers.driver).toEqual(RECORDED.driver.map((text) => ({ ok: true, text })));
  });

  it('is changed with both sides where user space saw it', () => {
    expect(verdict(saw(['close x0', 'prepare x1'], ['mmap: EIO']))).toBe(
      'changed: recorded on Linux 7.3.4: close x1; mmap: EPERM; seen: close x0; mmap: EIO',
    );
    expect(verdict(saw(RECORDED.driver, ['mmap: EIO']))).toMatch(/^changed: /);
  });

  it('is an error where only the log says so, unless only the driver can see it', () => {
    expect(verdict(saw(['close x0', 'prepare x1'], RECORDED.user))).toMatch(/^error: the observers disagree/);
    const only = { clause: { ...X, observers: 'driver-only' as const } };
    expect(verdict(saw(['close x0', 'prepare x1'], RECORDED.user, only))).toMatch(/^changed: /);
  });

  it('is changed where lines are missing or nothing is recorded', () => {
    const cell = decide(saw(['close x1'], ['mmap: EIO']));
    expect(cell.outcome).toBe('changed');
    expect(cell.observers.driver).toContainEqual({ ok: false, text: 'not seen, but recorded: prepare x1' });
    expect(verdict(saw(['a'], ['b'], { recorded: null }))).toBe(
      'changed: nothing is recorded of this cell; seen: a; b',
    );
  });

  it('is vacuous without the event, or without what one observer saw', () => {
    expect(verdict(saw(RECORDED.driver, []))).toBe('vacuous: the probe passed without a fact from user space');
    const counts = { mapped: 0 };
    expect(
      verdict(reported({ driver: [], user: [], counts, observed: RECORDED }, { clause: X, recorded: RECORDED })),
    ).toMatch(/^vacuous: /);
  });

  it('of a clause that records nothing is not looked at', () => {
    expect(verdict(reported({ observed: { driver: ['x'], user: ['y'] } }, { recorded: null }))).toBe('pass');
  });
});

describe('known trouble', () => {
  const entry = {
    at: 'allow.yaml:3',
    paths: [],
    targets: [],
    reason: 'it leaks',
    link: 'https://example.org',
    expires: '2027-01-01',
  };
  const FAIL = { driver: bad('leaks'), user: bad('grows'), outcome: 'fail', reason: 'leaks; grows' } as const;
  const allow = (more: object) => ({ allow: [{ ...entry, ...more }] });

  it('a broken clause that an entry names is known, with what it would be', () => {
    expect(decide(reported(FAIL, allow({ clause: 'A0*' })))).toMatchObject({
      outcome: 'known',
      reason: 'it leaks (https://example.org, until 2027-01-01)',
      known: { entry: 'allow.yaml:3', outcome: 'fail', reason: 'leaks; grows' },
    });
  });

  it.each([
    ['another clause', { clause: 'E02' }],
    ['another path', { clause: 'A01', paths: ['W1'] }],
    ['another target', { clause: 'A01', targets: ['arm64'] }],
    ['another kernel', { clause: 'A01', kernel: { text: '7.2', has: () => false } }],
    ['a splat', { clause: 'A01', splat: /./ }],
  ])('not where the entry is about %s', (_, more) => {
    expect(decide(reported(FAIL, allow(more))).outcome).toBe('fail');
  });

  it('a splat is known only where all of them are, and excuses no broken clause', () => {
    const splat = allow({ splat: /NULL pointer/ });
    expect(decide(reported({}, { splats: [OOPS], ...splat })).outcome).toBe('known');
    expect(decide(reported({}, { splats: [OOPS, WARNING], ...splat })).outcome).toBe('fault');
    expect(verdict(reported(FAIL, { splats: [OOPS], ...splat }))).toMatch(/^fail: /);
    expect(decide(reported({}, { splats: [OOPS], ...allow({ clause: 'A01' }) })).outcome).toBe('fault');
  });

  it('our own trouble is never known', () => {
    const lost = { kind: 'missing', why: 'lost-connection', detail: '', facts: null } as const;
    expect(decide({ ...INPUT, ...allow({ clause: '*' }), probe: lost }).outcome).toBe('error');
    expect(decide(reported({ driver: [] }, allow({ clause: '*' }))).outcome).toBe('vacuous');
  });
});

describe("a user's own probe, which may leave an observer out", () => {
  const OWN: Partial<VerdictInput> = { clause: { ...CLAUSE, observers: 'as-stated', event: 'none', needs: [] } };
  const own = (change: Partial<ProbeReport>): string => verdict(reported(change, OWN));
  const good = [{ ok: true, text: 'fine' }];

  it('passes by what one of them says, and by nothing it does not', () => {
    expect(own({ driver: [] })).toBe('pass');
    expect(own({ user: [] })).toBe('pass');
    expect(own({ driver: [], user: [] })).toBe('vacuous: the probe passed without a fact');
  });

  it('fails by what one says alone, but not against the other', () => {
    expect(own({ outcome: 'fail', reason: 'no', driver: [], user: bad('no') })).toBe('fail: no');
    expect(own({ outcome: 'fail', reason: 'no', driver: bad('no'), user: [] })).toBe('fail: no');
    expect(own({ outcome: 'fail', reason: 'no', driver: good, user: bad('no') })).toMatch(
      /^error: the observers disagree/,
    );
    expect(own({ outcome: 'fail', reason: 'no', driver: bad('no'), user: good })).toMatch(
      /^error: the observers disagree/,
    );
  });

  it('is outweighed by a kernel that complains', () => {
    expect(verdict(reported({ driver: [] }, { ...OWN, splats: [OOPS] }))).toBe('fault: NULL pointer dereference in f');
  });
});
