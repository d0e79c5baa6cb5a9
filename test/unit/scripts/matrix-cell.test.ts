import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { KERNEL_CONFIG } from '../../../harness/core/paths.ts';
import { loadConfig } from '../../../harness/run/config-file.ts';
import { jobsOf } from '../../../harness/vet/nightly/jobs.ts';
import { cellLimitMs, chooseCell, judgeCell, runMatrixCell } from '../../../scripts/matrix-cell.ts';

const note = (code: string, text = 'x'): Event => ({
  kind: 'note',
  at: '2026-11-26T00:00:00.000Z',
  target: null,
  level: 'error',
  text,
  code,
});

describe("the day's cell", () => {
  it('is never one that the end-to-end tests vet, and every other one comes in its turn', async () => {
    const jobs = jobsOf(await loadConfig('/', join(KERNEL_CONFIG, 'nightly.yaml')));
    const days = Array.from({ length: jobs.length }, (_, day) => new Date(Date.UTC(2026, 10, 1 + day)));
    const chosen = new Set(days.map((day) => chooseCell(jobs, day)?.id));
    expect(new Set([...chosen, '7.3/x86_64/base', '7.3/arm64/base'])).toEqual(new Set(jobs.map(({ id }) => id)));
    expect(chosen.size).toBe(jobs.length - 2);
  });

  it.each([
    [0, [], 'passed'],
    [1, [], 'failed'],
    // A wrong kernel is one, whatever else went wrong.
    [1, [note('APT_NETWORK')], 'failed'],
    [2, [], 'failed'],
    [2, [note('BUILD_FAILED')], 'failed'],
    [2, [note('APT_NETWORK', 'The mirror was not reached.')], 'skipped'],
    [2, [note('APT_GONE')], 'skipped'],
    [64, [], 'failed'],
    [null, [], 'skipped'],
  ] as const)('exit code %s with %j is %s', (exitCode, events, kind) => {
    expect(judgeCell({ exitCode, events, minutes: 30 }).kind).toBe(kind);
  });

  it('has what is left of the hour, half an hour at most, in whole milliseconds', () => {
    expect(cellLimitMs(undefined, 1_674_965.758_69)).toBe(1_674_965);
    expect(cellLimitMs(undefined, 3_000_000.5)).toBe(1_800_000);
    expect(cellLimitMs('7.3/arm64/bare', 0)).toBe(1_800_000);
  });

  it('is skipped, with the reason, where too little of the hour is left', async () => {
    const { name, verdict } = await runMatrixCell({ wanted: undefined, leftMs: 5 * 60_000, now: new Date() });
    expect(name).toMatch(/^matrix cell 7\.\d\/\S+\/\w+$/);
    expect(verdict).toEqual({ kind: 'skipped', why: expect.stringContaining('5 minutes of the hour are left') });
  });

  it('can be named; a name that is none fails', async () => {
    const ask = (wanted: string) => runMatrixCell({ wanted, leftMs: 0, now: new Date() });
    expect((await ask('9.9/x86_64/base')).verdict.kind).toBe('failed');
    expect((await ask('none')).verdict).toEqual({ kind: 'skipped', why: 'none was asked for' });
  });
});
