import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OUTCOMES, type Outcome } from '../../../harness/core/outcome.ts';
import { excerpt, EXCERPT_BYTES } from '../../../harness/report/kcidb/excerpt.ts';
import { submitterFrom } from '../../../harness/report/kcidb/origin.ts';
import { Kcidb } from '../../../harness/report/kcidb/schema.ts';
import { OUTCOME_SCENARIOS, SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { render } from '../../fixtures/render.ts';

const documentOf = async (name: string, env: NodeJS.ProcessEnv = {}): Promise<Kcidb> =>
  Kcidb.parse(JSON.parse(await render(SCENARIOS[name]?.() ?? [], 'kcidb.json', { env })));

const STATUS: Readonly<Record<Outcome, string>> = {
  pass: 'PASS',
  fail: 'FAIL',
  changed: 'PASS',
  fault: 'FAIL',
  vacuous: 'ERROR',
  error: 'ERROR',
  'not-applicable': 'SKIP',
  flaky: 'FAIL',
  known: 'SKIP',
};

describe('the document', () => {
  it.each(Object.keys(SCENARIOS))('of "%s" is valid', async (name) => {
    const document = await documentOf(name);
    const known = new Set(
      [...(document.checkouts ?? []), ...(document.builds ?? []), ...(document.tests ?? [])].map((each) => each.id),
    );
    const links = [
      ...(document.builds ?? []).map((build) => build.checkout_id),
      ...(document.tests ?? []).map((test) => test.build_id),
      ...(document.incidents ?? []).map((incident) => incident.test_id ?? ''),
    ];
    expect(links.filter((link) => !known.has(link))).toEqual([]);
  });

  it.each([...OUTCOMES])('gives "%s" its status', async (outcome) => {
    expect(Object.keys(OUTCOME_SCENARIOS)).toContain(outcome);
    const { tests = [] } = await documentOf(outcome);
    expect(tests.find((test) => test.path === 'mmapvet.e02.direct')).toMatchObject({
      status: STATUS[outcome],
      misc: { outcome },
    });
  });

  it('has an issue and an incident for a fault, and for nothing else', async () => {
    const { issues = [], incidents = [], tests = [] } = await documentOf('fault');
    expect(issues).toMatchObject([
      { version: 1, culprit: { code: true }, comment: 'WARNING in remap_pfn_range_prepare' },
    ]);
    expect(incidents).toMatchObject([
      { issue_id: issues[0]?.id, issue_version: 1, test_id: tests[1]?.id, present: true },
    ]);
    expect((await documentOf('fail')).issues).toEqual([]);
  });

  it('knows a fault again by its fingerprint, whatever its title says', async () => {
    const issueOf = async (title: string, fingerprint: string): Promise<string | undefined> => {
      const events = (SCENARIOS['fault']?.() ?? []).map((event) =>
        event.kind === 'cell' && event.cell.outcome === 'fault'
          ? { ...event, cell: { ...event.cell, faults: [{ class: 'warning', title, lines: [], fingerprint }] } }
          : event,
      );
      const { issues = [] } = Kcidb.parse(JSON.parse(await render(events, 'kcidb.json')));
      return issues[0]?.id;
    };
    const known = await issueOf('WARNING in f: pid 12', 'abc');
    expect(known).toBe(await issueOf('WARNING in f: pid 13', 'abc'));
    expect(known).not.toBe(await issueOf('WARNING in f: pid 12', 'abd'));
  });

  it('has a fault while booting as a test of its own, and cells that never ran as missed', async () => {
    const { tests = [], builds = [] } = await documentOf('boot-fault');
    expect(builds).toMatchObject([{ status: 'PASS' }]);
    expect(tests.find((test) => test.path === 'mmapvet.kernel.boot')).toMatchObject({ status: 'FAIL' });
    expect(tests.filter((test) => test.status === 'MISS')).toHaveLength(10);
  });

  it('has no test on a kernel that does not build', async () => {
    const { tests = [], builds = [] } = await documentOf('build-failed');
    const failed = builds.find((build) => build.architecture === 'arm64');
    expect(failed).toMatchObject({ status: 'FAIL', log_excerpt: expect.stringContaining('undeclared') as string });
    expect(tests.filter((test) => test.build_id === failed?.id)).toEqual([]);
  });

  it('has the patchset hash that sha256sum gives', async () => {
    const list = `${'ab'.repeat(32)}\n`;
    const { checkouts = [] } = await documentOf('mixed');
    expect(checkouts[0]?.patchset_hash).toBe(createHash('sha256').update(list).digest('hex'));
    expect((await documentOf('pass')).checkouts?.[0]?.patchset_hash).toBe('');
  });

  it('has the same ids each time, and others for another run or origin', async () => {
    const ids = (document: Kcidb): string[] =>
      [...(document.checkouts ?? []), ...(document.builds ?? []), ...(document.tests ?? [])].map((each) => each.id);
    const first = ids(await documentOf('mixed'));
    expect(ids(await documentOf('mixed'))).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
    const later = (SCENARIOS['mixed']?.() ?? []).map((event) => ({ ...event, at: event.at.replace('2026', '2027') }));
    const other = Kcidb.parse(JSON.parse(await render(later, 'kcidb.json')));
    // The same kernel and builds, other tests.
    expect(ids(other).slice(0, 3)).toEqual(first.slice(0, 3));
    expect(
      ids(other)
        .slice(3)
        .filter((id) => first.includes(id)),
    ).toEqual([]);
    expect(ids(await documentOf('mixed', { MMAPVET_KCIDB_ORIGIN: 'me' })).every((id) => id.startsWith('me:'))).toBe(
      true,
    );
  });

  it('takes what only the submitter knows from the environment', async () => {
    const env = {
      MMAPVET_KCIDB_TREE: 'mm',
      MMAPVET_KCIDB_GIT_URL: 'https://git.example.org/mm.git',
      MMAPVET_KCIDB_GIT_BRANCH: 'mm-unstable',
    };
    expect((await documentOf('pass', env)).checkouts).toMatchObject([
      { tree_name: 'mm', git_repository_url: 'https://git.example.org/mm.git', git_repository_branch: 'mm-unstable' },
    ]);
    expect(() => submitterFrom({ MMAPVET_KCIDB_ORIGIN: 'Me!' })).toThrow('"Me!"');
    expect(() => submitterFrom({ MMAPVET_KCIDB_GIT_URL: 'git://x' })).toThrow('"git://x"');
  });

  it('tells nobody where a folder lies', async () => {
    expect(JSON.stringify(await documentOf('build-failed'))).not.toContain('/home/me');
  });
});

describe('the schema', () => {
  const good = {
    version: { major: 5, minor: 3 },
    tests: [{ id: 'me:1', origin: 'me', build_id: 'me:b', path: 'a.b-c' }],
  };
  const withTest = (more: object) => ({ ...good, tests: [{ ...good.tests[0], ...more }] });
  const withCheckout = (more: object) => ({
    version: good.version,
    checkouts: [{ id: 'me:1', origin: 'me', ...more }],
  });

  it('takes what the format allows', () => {
    expect(() => Kcidb.parse(good)).not.toThrow();
    expect(() => Kcidb.parse({ version: { major: 5 } })).not.toThrow();
    expect(() => Kcidb.parse(withTest({ path: '', number: { value: 1, prefix: 'metric' } }))).not.toThrow();
    expect(() =>
      Kcidb.parse(withCheckout({ patchset_hash: '', start_time: '2026-11-22T20:00:00+02:00' })),
    ).not.toThrow();
  });

  it.each([
    ['another major version', { version: { major: 4, minor: 3 } }],
    ['a newer minor version', { version: { major: 5, minor: 4 } }],
    ['no version', { tests: [] }],
    ['an unknown array', { ...good, revisions: [] }],
    ['an unknown property', withTest({ verdict: 'PASS' })],
    ['an id without origin', withTest({ id: '1' })],
    ["another origin's id", withTest({ id: 'you:1' })],
    ['an origin in capitals', withTest({ id: 'Me:1', origin: 'Me' })],
    ['two tests of one id', { ...good, tests: [good.tests[0], good.tests[0]] }],
    ['an empty part in a path', withTest({ path: 'a..b' })],
    ['a blank in a path', withTest({ path: 'a b' })],
    ['a status that is none', withTest({ status: 'pass' })],
    ['a null', withTest({ comment: null })],
    ['a NUL', withTest({ comment: 'a\0b' })],
    ['too long an excerpt', withTest({ log_excerpt: 'x'.repeat(16_385) })],
    ['a number without a value', withTest({ number: { unit: 's' } })],
    ['a duration in words', withTest({ duration: '3 s' })],
    ['a time without zone', withTest({ start_time: '2026-11-22T20:00:00' })],
    ['no build', { ...good, tests: [{ id: 'me:1', origin: 'me' }] }],
    ['a short commit', withCheckout({ git_commit_hash: '1a2b3c' })],
    ['a patchset hash of another length', withCheckout({ patchset_hash: 'abc' })],
    ['a repository without https', withCheckout({ git_repository_url: 'git://x.org/y' })],
    ['valid in words', withCheckout({ valid: 'true' })],
    ['an issue without a version', { version: good.version, issues: [{ id: 'me:1', origin: 'me' }] }],
    [
      'an incident without an issue',
      { version: good.version, incidents: [{ id: 'me:1', origin: 'me', issue_version: 1 }] },
    ],
    ['half a version number', { version: good.version, issues: [{ id: 'me:1', origin: 'me', version: 1.5 }] }],
  ])('refuses %s', (_name, document) => expect(Kcidb.safeParse(document).success).toBe(false));
});

describe('excerpt', () => {
  it('keeps the head and the end of what is long, and says what it left out', () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index} of a long console`);
    const text = excerpt(lines);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(EXCERPT_BYTES);
    expect(text).toMatch(/^line 0 /);
    expect(text).toMatch(/line 999 of a long console$/);
    expect(text).toMatch(/\n\[\d{3} lines left out\]\n/);
  });

  it('keeps what is short, without what a terminal would act on', () => {
    expect(excerpt(['a\nb', 'c\0\u001b[31md'])).toBe('a\nb\nc\ufffdd');
    expect(Buffer.byteLength(excerpt(['é'.repeat(100_000)]))).toBeLessThanOrEqual(EXCERPT_BYTES);
  });
});
