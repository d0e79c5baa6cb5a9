/** scripts/nightly with a program that stands in for mmapvet run: what is run, what is not run again, what is told. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { readRun } from '../../../harness/results/stored-run.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { readNight, writeNight, type Night } from '../../../harness/vet/nightly/night.ts';
import { collectCells, runJobs } from '../../../harness/vet/nightly/run.ts';
import { nightExitCode } from '../../../harness/vet/nightly/summary.ts';

const FAKE = [process.execPath, join(PROJECT, 'test/fixtures/programs/fake-mmapvet.ts')] as const;

// Each test starts Node several times, on a host that may be busy.
vi.setConfig({ testTimeout: 5 * 60_000 });

let root: string;
const night = (): string => join(root, 'nights/2026-11-26');
const calls = (): string[][] =>
  existsSync(join(root, 'calls'))
    ? readFileSync(join(root, 'calls'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as string[])
    : [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mmapvet-night-'));
  mkdirSync(join(root, 'linux'));
  writeFileSync(
    join(root, 'mmapvet.yaml'),
    [
      'kernels:',
      `  '7.3': { source: ${join(root, 'linux')}, patches: [${join(root, 'a.patch')}] }`,
      'matrix:',
      "  - { kernels: ['7.3'], targets: [x86_64, arm64] }",
      '',
    ].join('\n'),
  );
  vi.stubEnv('FAKE_CALLS', join(root, 'calls'));
  vi.stubEnv('XDG_STATE_HOME', join(root, 'state'));
  vi.stubEnv('XDG_CONFIG_HOME', join(root, 'config'));
  vi.stubEnv('GITHUB_STEP_SUMMARY', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

async function nightly(...words: readonly string[]) {
  const { stdout, stderr, exitCode } = await spawn(
    [process.execPath, join(PROJECT, 'scripts/nightly.ts'), '--folder', night(), ...words],
    { cwd: root, reject: false },
  );
  return { out: String(stdout), err: String(stderr), exitCode };
}

async function planned(): Promise<Night> {
  if (!existsSync(night())) await nightly('--plan');
  return readNight(night());
}

async function run(codes = '', signal: AbortSignal = new AbortController().signal) {
  vi.stubEnv('FAKE_CODES', codes);
  const plan = await planned();
  const said: string[] = [];
  const ended = await runJobs({
    folder: night(),
    night: plan,
    jobs: plan.jobs,
    words: ['--clause', 'E02'],
    signal,
    say: (text) => void said.push(text),
    program: FAKE,
  });
  return { codes: ended, said: said.join('\n'), cells: collectCells(night(), plan, plan.jobs, ended) };
}

describe('a night', () => {
  it('runs each cell once, with the kernel, patches, target, profile and words that it is about', async () => {
    const { cells } = await run();
    expect(calls().map((words) => words.slice(words.indexOf('--kernel')))).toEqual(
      ['x86_64', 'arm64'].map((target) => [
        '--kernel',
        join(root, 'linux'),
        '--patch',
        join(root, 'a.patch'),
        '--target',
        target,
        '--profile',
        'base',
        '--output',
        join(night(), `cells/7.3/${target}/base`),
        '--clause',
        'E02',
      ]),
    );
    expect(calls()[0]!.slice(0, 4)).toEqual(['run', '--yes', '--config', join(root, 'mmapvet.yaml')]);
    expect(nightExitCode(cells)).toBe(0);
  });

  it('goes on where it was: what has a verdict is not run again, what is undecided is, and nothing is lost', async () => {
    const first = await run('7.3/x86_64/base=1 7.3/arm64/base=2');
    expect(nightExitCode(first.cells)).toBe(1);
    const second = await run();
    expect(second.said).toContain('7.3/x86_64/base: done before');
    expect(calls()).toHaveLength(3);
    expect(nightExitCode(second.cells)).toBe(1);
    expect(readdirSync(join(night(), 'earlier/7.3/arm64/base'))).toEqual(['1']);
  });

  it('a cell whose run broke is told, and the others are run', async () => {
    const { codes, cells } = await run('7.3/x86_64/base=broken');
    expect(Object.fromEntries(codes)).toEqual({ '7.3/x86_64/base': 64, '7.3/arm64/base': 0 });
    expect(nightExitCode(cells)).toBe(2);
  });

  it('that is interrupted ends its run, begins no other, and goes on later', async () => {
    const controller = new AbortController();
    const running = run('7.3/x86_64/base=hang', controller.signal);
    while (calls().length === 0) await sleep(50); // oxlint-disable-line no-await-in-loop -- until it hangs
    controller.abort();
    await running;
    expect(calls()).toHaveLength(1);
    expect(nightExitCode((await run()).cells)).toBe(0);
    expect(calls()).toHaveLength(3);
  });
});

describe('scripts/nightly that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s says what is done and how to go on', async (name) => {
    await run('7.3/x86_64/base=1 7.3/arm64/base=2');
    const running = spawn(
      [process.execPath, join(PROJECT, 'scripts/nightly.ts'), '--folder', night(), '--', '--clause', 'E02'],
      { cwd: root, reject: false },
    );
    running.stdout?.on('data', (text: Buffer) => {
      if (text.includes('7.3/arm64/base: begins')) running.kill(name);
    });
    const { stdout, stderr, exitCode } = await running;
    expect(String(stdout)).toMatch(
      new RegExp(
        `^Interrupted: 1 of 2 cells is done, in ${night()}\nGo on with: scripts/nightly --folder ${night()} -- --clause E02$`,
        'm',
      ),
    );
    expect(String(stdout)).not.toContain('# Night of');
    expect(String(stderr)).toContain(`${name}: ending guests`);
    expect(exitCode).toBe(130);
  });
});

describe('the report', () => {
  it('has all cells in one run folder and in every format, and says what changed since the night before', async () => {
    await run('7.3/arm64/base=1');
    const { out, exitCode } = await nightly('--report');
    expect(exitCode).toBe(1);
    expect(out).toContain('| 7.3/arm64/base | **bad** | 1 fail | 1 min |');
    expect(readFileSync(join(night(), 'summary.md'), 'utf8')).toContain('There is none.');
    const merged = readRun(join(night(), 'merged'));
    expect(merged.problems).toEqual([]);
    expect(buildResults(merged.events)).toMatchObject({ counts: { pass: 1, fail: 1 }, exitCode: 1 });
    for (const file of ['merged/junit.xml', 'merged/report.ktap', 'night.kcidb.json', 'night.html'])
      expect(readFileSync(join(night(), file), 'utf8').length, file).toBeGreaterThan(100);

    const plan = readNight(night());
    const next = join(root, 'nights/2026-11-27');
    writeNight(next, { ...plan, at: new Date().toISOString() });
    vi.stubEnv('FAKE_CODES', '');
    await runJobs({
      folder: next,
      night: plan,
      jobs: plan.jobs,
      words: [],
      signal: new AbortController().signal,
      say: () => {},
      program: FAKE,
    });
    const { out: later } = await nightly('--report', '--folder', next);
    expect(later).toMatch(/- 7\.3\/arm64\/base, on the same kernel\n {2}- E02\.direct: fail → pass\n {2}- exit 1 → 0/);
    // What it took is what the next night goes by.
    const after = await nightly('--plan', '--folder', join(root, 'nights/2026-11-28'));
    expect(after.exitCode).toBe(0);
    expect(readNight(join(root, 'nights/2026-11-28')).jobs.map(({ weightMs }) => weightMs)).toEqual([60_000, 60_000]);
  });

  it('of a night that has not run says so', async () => {
    await planned();
    const { out, exitCode } = await nightly('--report');
    expect(out).toContain('| 7.3/arm64/base | not run |  |  |');
    expect(exitCode).toBe(2);
  });
});

describe('what is asked for', () => {
  it('shards have every cell exactly once', async () => {
    await planned();
    const shares = await Promise.all(['1/2', '2/2'].map((share) => nightly('--list', '--shard', share)));
    const cells = shares.flatMap(({ out }) => out.match(/7\.3\/\S+/g) ?? []);
    expect(cells.toSorted()).toEqual(['7.3/arm64/base', '7.3/x86_64/base']);
  });

  it.each([
    [['--cell', '9*'], 'The matrix has no cell "9*".'],
    [['--shard', '3/2'], '"--shard 3/2" is no share.'],
    [['--report'], 'is no night.'],
    [['--sharp', '1/2'], "Unknown option '--sharp'"],
    [['--config', '/nowhere.yaml'], '"/nowhere.yaml" can\'t be read: there is no such file.'],
  ])('%j is refused, and nothing is written', async (words, message) => {
    const { err, exitCode } = await nightly(...words);
    expect(err).toContain(message);
    expect(exitCode).toBe(64);
    expect(existsSync(night())).toBe(false);
  });

  it('refuses a night that a newer mmapvet planned, by its name', async () => {
    writeNight(night(), { ...(await planned()), version: 9 as 1 });
    const { err, exitCode } = await nightly('--report');
    expect(err).toContain(`"${join(night(), 'night.json')}" is of version 9; this mmapvet reads version 1.`);
    expect(exitCode).toBe(64);
  });
});
