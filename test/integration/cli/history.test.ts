import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { OUTCOME_SCENARIOS } from '../../fixtures/events/scenarios.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-history-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function mmapvet(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_STATE_HOME: join(folder, 'state') };
  const result = await spawn([process.execPath, join(PROJECT, 'harness/cli/main.ts'), ...args], {
    env,
    cwd: folder,
    reject: false,
  });
  return { code: result.exitCode ?? -1, out: String(result.stdout), err: String(result.stderr) };
}

/** A run folder as old ones lie about, an hour apart. */
async function stored(name: string, events: readonly Event[], hour: number): Promise<void> {
  const moved = events.map((event) => ({
    ...event,
    at: event.at.replace('T20:', `T${String(hour).padStart(2, '0')}:`),
  }));
  await mkdir(join(folder, 'old', name), { recursive: true });
  writeFileSync(
    join(folder, 'old', name, 'events.jsonl'),
    `${moved.map((event) => JSON.stringify(event)).join('\n')}\n`,
  );
}

async function threeRuns(): Promise<void> {
  await stored('2026-11-22T10-00-00Z-aaaaaa', OUTCOME_SCENARIOS.pass(), 10);
  await stored('2026-11-22T11-00-00Z-bbbbbb', OUTCOME_SCENARIOS.fail(), 11);
  await stored('2026-11-22T12-00-00Z-cccccc', OUTCOME_SCENARIOS.error(), 12);
  expect((await mmapvet('history', '--import', 'old')).out).toBe('3 runs added');
}

describe('mmapvet history', () => {
  it('says what to do where nothing was recorded', async () => {
    const { code, err } = await mmapvet('history');
    expect(code).toBe(2);
    expect(err).toContain('HISTORY_NONE');
  });

  it('imports old folders, names what it can not read, and adds no run twice', async () => {
    await threeRuns();
    await mkdir(join(folder, 'old/broken'));
    writeFileSync(join(folder, 'old/broken/events.jsonl'), '{"kind":"nonsense"}\n');
    const { code, out, err } = await mmapvet('history', '--import', 'old');
    expect([code, out]).toEqual([2, '0 runs added, 3 known already, 1 unreadable']);
    expect(err).toContain('old/broken');
  });

  it('lists the runs, and shows a clause over them', async () => {
    await threeRuns();
    const { out } = await mmapvet('history');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().slice(0, 27)),
    ).toEqual(['2026-11-22T10-00-00Z-aaaaaa', '2026-11-22T11-00-00Z-bbbbbb', '2026-11-22T12-00-00Z-cccccc']);
    const clause = await mmapvet('history', 'E02');
    expect(clause.out).toContain('✓✗?');
    expect(clause.out).toContain('since 2026-11-22T11-00-00Z-bbbbbb');
    expect(clause.out).toContain('last good in 2026-11-22T10-00-00Z-aaaaaa');
    expect(clause.out).toContain('flakes 2/3');
    const flaky = JSON.parse((await mmapvet('history', '--flaky', '--json')).out) as { cells: { clause: string }[] };
    expect(flaky.cells.map((cell) => cell.clause)).toEqual(['E02']);
  });

  it('refuses a number of runs that is none', async () => {
    await threeRuns();
    expect((await mmapvet('history', '--last', 'x')).code).toBe(64);
  });
});

describe('mmapvet diff', () => {
  it('exits 0 where nothing differs, 1 where something does', async () => {
    await threeRuns();
    const same = await mmapvet('diff', 'aaaaaa', 'old/2026-11-22T10-00-00Z-aaaaaa');
    expect([same.code, same.out]).toEqual([0, expect.stringContaining('2 cells, none differs.')]);
    const other = await mmapvet('diff', 'aaaaaa', 'bbbbbb');
    expect([other.code, other.out]).toEqual([1, expect.stringMatching(/E02 direct x86_64 +pass → fail/)]);
    const json = JSON.parse((await mmapvet('diff', 'aaaaaa', 'bbbbbb', '--json')).out) as { sameKernel: boolean };
    expect(json.sameKernel).toBe(true);
  });

  it('knows a run that there is not, and a name that fits several', async () => {
    await threeRuns();
    expect((await mmapvet('diff', 'nothing', 'aaaaaa')).err).toContain('RUN_UNKNOWN');
    expect((await mmapvet('diff', '2026', 'aaaaaa')).err).toContain('RUN_AMBIGUOUS');
  });
});
