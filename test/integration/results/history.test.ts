import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { storedDurations } from '../../../harness/results/history/durations.ts';
import { openHistory, openHistoryIfAny } from '../../../harness/results/history/open.ts';
import { readCells, readRuns, reasonReader, verdictAt } from '../../../harness/results/history/read.ts';
import { recordRun, runName } from '../../../harness/results/history/record.ts';
import { MIGRATIONS } from '../../../harness/results/history/schema.ts';
import { syntheticRun } from '../../fixtures/history.ts';

const WRITER = join(PROJECT, 'test/fixtures/programs/record-runs.ts');
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-history-'));
  file = join(folder, 'state/history.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (prefix: string, count: number) =>
  spawn([process.execPath, WRITER, file, prefix, String(count)], { reject: false });

/** Every run that is there must be there whole. */
function expectWhole(): number {
  using history = openHistory(file);
  expect(history.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const runs = readRuns(history);
  const cells = readCells(history, runs, () => true);
  const verdicts = cells.reduce((sum, cell) => sum + cell.words.length, 0);
  expect(verdicts).toBe(400 * runs.length);
  return runs.length;
}

describe('the history', () => {
  it('gives back what was recorded', () => {
    using history = openHistory(file);
    const failed = { outcome: 'fail', reason: 'close x0, expected 1', durationMs: 40 } as const;
    recordRun(history, syntheticRun({ folder: '/runs/one', change: (index) => (index === 1 ? failed : {}) }));
    const [run] = readRuns(history);
    expect(run).toMatchObject({ folder: '/runs/one', exitCode: 0, targets: ['x86_64'], counts: { pass: 1, fail: 1 } });
    expect(run?.kernel?.version).toBe('7.3.4');
    const cells = readCells(history, run === undefined ? [] : [run], () => true);
    expect(cells.map((past) => [past.cell.clause, verdictAt(past, 0)])).toEqual([
      ['A01', { run, outcome: 'pass', ran: true, durationMs: 12 }],
      ['A02', { run, outcome: 'fail', ran: true, durationMs: 40 }],
    ]);
    expect(reasonReader(history)(run?.id ?? 0, cells[1]?.id ?? 0)).toBe('close x0, expected 1');
  });

  it('records a run once, and again only where it had not ended', () => {
    using history = openHistory(file);
    const record = (exitCode: number | null) => recordRun(history, syntheticRun({ folder: '/runs/one', exitCode }));
    expect([record(null), record(1), record(0)]).toEqual([true, true, false]);
    expect(readRuns(history).map((run) => run.exitCode)).toEqual([1]);
  });

  it('orders runs by their start, whenever they were recorded', () => {
    using history = openHistory(file);
    for (const hour of ['12', '09', '15'])
      recordRun(history, syntheticRun({ folder: `/runs/${hour}`, at: `2026-11-22T${hour}:00:00.000Z` }));
    expect(readRuns(history).map((run) => run.folder)).toEqual(['/runs/09', '/runs/12', '/runs/15']);
  });

  it('takes a lying driver for no evidence, unless asked', () => {
    using history = openHistory(file);
    recordRun(history, syntheticRun({ folder: '/a', command: ['mmapvet', 'run', '--driver-lie=start'] }));
    expect(readRuns(history)).toHaveLength(0);
    expect(readRuns(history, { lies: true })).toHaveLength(1);
  });

  it('finds runs by target and by words of the kernel', () => {
    using history = openHistory(file);
    const series = [{ subject: 'mm: unmap all', author: 'me', sha256: 'aa', file: 'fix.mbox' }];
    recordRun(history, syntheticRun({ folder: '/a' }));
    recordRun(history, syntheticRun({ folder: '/b', targets: ['arm64'], kernel: { series: series as never[] } }));
    const folders = (filter: Parameters<typeof readRuns>[1]) => readRuns(history, filter).map((run) => run.folder);
    expect(folders({ targets: ['arm64'] })).toEqual(['/b']);
    expect(folders({ kernel: 'unmap all' })).toEqual(['/b']);
    expect(folders({ kernel: '7.3.4' })).toEqual(['/a', '/b']);
    expect(folders({ kernel: 'nothing' })).toEqual([]);
  });

  it('lets two writers at it at once', async () => {
    const results = await Promise.all([write('a', 20), write('b', 20)]);
    expect(results.map((result) => result.exitCode)).toEqual([0, 0]);
    expect(expectWhole()).toBe(40);
  });

  it('has only whole runs after a writer was killed', async () => {
    const first = write('a', 100_000);
    await new Promise((started) => first.stdout?.once('data', started));
    // Killed at whatever point it has come to, once there is something to lose.
    while ((openedRuns() ?? 0) < 3) await new Promise((later) => setTimeout(later, 10));
    first.kill('SIGKILL');
    await first;
    const before = expectWhole();
    expect(before).toBeGreaterThanOrEqual(3);
    await write('b', 1);
    expect(expectWhole()).toBe(before + 1);
  });

  it('migrates what an older version left, once', () => {
    openHistory(file).close();
    const newer = [...MIGRATIONS, 'ALTER TABLE run ADD COLUMN extra INTEGER'];
    openHistory(file, newer).close();
    using history = openHistory(file, newer);
    expect(history.prepare('PRAGMA user_version').get()).toEqual({ user_version: newer.length });
    expect(() => openHistory(file)).toThrow(expect.objectContaining({ code: 'HISTORY_NEWER' }));
  });

  it('leaves the file as it was where a migration fails', () => {
    openHistory(file).close();
    expect(() => openHistory(file, [...MIGRATIONS, 'ALTER TABLE run ADD COLUMN extra; nonsense'])).toThrow(
      expect.objectContaining({ code: 'HISTORY_OPEN' }),
    );
    using history = openHistory(file);
    expect(
      history
        .prepare('PRAGMA table_info(run)')
        .all()
        .map((row) => row['name']),
    ).not.toContain('extra');
  });

  it('says so where the file is no history', () => {
    writeFileSync(join(folder, 'x.sqlite'), 'something else altogether, and long enough to have a header');
    expect(() => openHistory(join(folder, 'x.sqlite'))).toThrow(expect.objectContaining({ code: 'HISTORY_OPEN' }));
  });

  it('is not made by asking', () => {
    expect(openHistoryIfAny(file)).toBeNull();
    expect(storedDurations('x86_64', 'base', file)).toEqual(new Map());
  });

  it('tells how long the cells of a target take', () => {
    {
      using history = openHistory(file);
      for (const [index, durationMs] of [10, 30, 20].entries())
        recordRun(
          history,
          syntheticRun({ folder: `/${index}`, change: (each) => (each === 0 ? { durationMs } : { ran: false }) }),
        );
    }
    expect(storedDurations('x86_64', 'base', file)).toEqual(new Map([['A01.direct', 20]]));
    expect(storedDurations('arm64', 'base', file)).toEqual(new Map());
  });
});

function openedRuns(): number | null {
  using history = openHistoryIfAny(file);
  return history === null ? null : readRuns(history).length;
}

describe('runName', () => {
  it('is the folder name, or one of that shape', () => {
    expect(runName('/x/2026-11-22T22-44-14Z-ed19fd', '')).toBe('2026-11-22T22-44-14Z-ed19fd');
    expect(runName('/x/out', '2026-11-22T22:44:14.123Z')).toMatch(/^2026-11-22T22-44-14Z-[0-9a-f]{6}$/);
    expect(runName('/x/out', '2026-11-22T22:44:14.123Z')).not.toBe(runName('/y/out', '2026-11-22T22:44:14.123Z'));
  });
});
