import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import type { Event } from '../../../harness/core/events.ts';
import { findRun } from '../../../harness/results/find-run.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { readRun, replay } from '../../../harness/results/stored-run.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { FORMATS, render, type Format } from '../../fixtures/render.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'mmapvet-stored-'))));
afterEach(() => rmSync(root, { recursive: true }));

const RUN = '2026-11-22T20-00-00Z-1a2b3c';
const eventsOf = (name: string): Event[] => SCENARIOS[name]?.() ?? [];
const lineOf = (event: unknown): string => `${JSON.stringify(event)}\n`;

/** A run folder as `mmapvet run` leaves it, evidence and consoles included. */
function store(name: string, events: readonly Event[] = eventsOf(name), id = RUN): string {
  const folder = join(root, 'runs', id);
  mkdirSync(folder, { recursive: true });
  const here = events.map((event) => (event.kind === 'run-start' ? { ...event, folder } : event));
  writeFileSync(join(folder, 'events.jsonl'), here.map(lineOf).join(''));
  writeFileSync(join(folder, 'results.json'), JSON.stringify(buildResults(here)));
  for (const event of here)
    if (event.kind === 'cell' && event.cell.evidence !== null)
      mkdirSync(join(folder, event.cell.evidence), { recursive: true });
  return folder;
}

const edit = (folder: string, change: (lines: string[]) => string[]): void => {
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, change(readFileSync(file, 'utf8').trimEnd().split('\n')).join('\n') + '\n');
};
const problemsOf = (folder: string): string => readRun(folder).problems.join('\n');
const outcomesOf = (folder: string) => buildResults(readRun(folder).events).counts;

describe('a whole run', () => {
  it.each(Object.keys(FORMATS) as Format[])('is reported as it was live: %s', async (format) => {
    const folder = store('mixed');
    const live = eventsOf('mixed').map((event) => (event.kind === 'run-start' ? { ...event, folder } : event));
    const run = readRun(folder);
    expect(run.problems).toEqual([]);
    expect(await render(replay(run), format)).toBe(await render(live, format));
  });

  it.each(Object.keys(SCENARIOS))('with "%s" has no problem', (name) => {
    // A run that was killed never wrote its results.
    const folder = store(name);
    if (name === 'killed') rmSync(join(folder, 'results.json'));
    expect(readRun(folder).problems).toEqual([]);
  });

  it('may have been moved: what lies in it is found all the same', () => {
    const folder = store('mixed');
    renameSync(folder, join(root, 'elsewhere'));
    const run = readRun(join(root, 'elsewhere'));
    expect(run.problems).toEqual([]);
    expect(run.events[0]).toMatchObject({ kind: 'run-start', folder: join(root, 'elsewhere') });
  });
});

describe('a run that is not whole', () => {
  it('cut in the middle: the rest is reported, and results.json fills in', () => {
    const folder = store('mixed');
    const file = join(folder, 'events.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -4000));
    expect(problemsOf(folder)).toMatch(
      /cut in the middle of its last line\ntaken from results.json, since events.jsonl lacks them: \d+ verdicts/,
    );
    expect(outcomesOf(folder)).toMatchObject({ pass: 15, fail: 1, changed: 2 });
    rmSync(join(folder, 'results.json'));
    expect(buildResults(readRun(folder).events).exitCode).toBeNull();
  });

  it('without its start, or without events at all', () => {
    const folder = store('mixed');
    edit(folder, (lines) => lines.slice(1));
    expect(problemsOf(folder)).toContain('the start of events.jsonl is missing');
    expect(outcomesOf(folder)).toMatchObject({ pass: 15, fail: 1 });
    rmSync(join(folder, 'events.jsonl'));
    expect(problemsOf(folder)).toContain('events.jsonl is missing');
    expect(buildResults(readRun(folder).events)).toMatchObject({ exitCode: 1, counts: { pass: 15, fail: 1 } });
  });

  it('of a newer version: what it shares with ours is reported', () => {
    const folder = store('mixed');
    edit(folder, (lines) => {
      const start: unknown = JSON.parse(lines[0] ?? '');
      return [
        JSON.stringify({ ...(start as object), version: 2, shard: { index: 1 } }),
        JSON.stringify({ kind: 'shard', at: '2026-11-22T20:00:00.000Z' }),
        JSON.stringify({ kind: 'shard', at: '2026-11-22T20:00:00.000Z' }),
        ...lines.slice(1),
      ];
    });
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as object;
    writeFileSync(join(folder, 'results.json'), JSON.stringify({ ...results, version: 2, cells: 'elsewhere' }));
    expect(readRun(folder).problems).toEqual([
      'events.jsonl is of version 2, and this mmapvet reads version 1: what it does not know is left out',
      'events.jsonl has events that this mmapvet does not know: 2 of kind "shard"',
      'results.json is of version 2, and this mmapvet reads version 1',
    ]);
    expect(outcomesOf(folder)).toMatchObject({ pass: 15, fail: 1 });
  });

  it('edited by hand: its verdicts are believed, not its end', async () => {
    const folder = store('mixed');
    edit(folder, (lines) => lines.map((line) => line.replace('"exitCode":1', '"exitCode":0')));
    expect(problemsOf(folder)).toContain('its end says exit code 0, but the verdicts say 1');
    expect(await render(replay(readRun(folder)), 'mail')).toMatch(/^mmapvet: FAIL/);
    edit(folder, (lines) => lines.map((line) => line.replace('"outcome":"fail"', '"outcome":"pass"')));
    expect(problemsOf(folder)).toMatch(
      /results.json contradicts events.jsonl, which is believed, in E02 direct x86_64\nits end counts 15 pass, 1 fail, but the verdicts are 16 pass, 0 fail/,
    );
    expect(await render(replay(readRun(folder)), 'mail')).toMatch(/^mmapvet: UNDECIDED/);
  });

  it('with damaged lines: each is named, the others count', () => {
    const folder = store('mixed');
    rmSync(join(folder, 'results.json'));
    edit(folder, (lines) => lines.map((line, index) => (index % 7 === 5 ? line.slice(0, 20) : line)));
    expect(problemsOf(folder)).toMatch(
      /is damaged, and left out is line 6 \(.*\), line 13 \(.*\), line 20 \(.*\) and \d+ more/,
    );
  });

  it('without evidence or consoles: they are named', () => {
    const events = eventsOf('fail').map((event): Event =>
      event.kind === 'guest' ? { ...event, console: join(root, 'runs', RUN, 'x86_64/console-1.log') } : event,
    );
    const folder = store('fail', events);
    rmSync(join(folder, 'x86_64'), { recursive: true });
    expect(readRun(folder).problems).toEqual([
      'the evidence of 1 cell is missing: x86_64/E02-direct',
      'consoles of guests are missing: x86_64/console-1.log',
    ]);
  });

  it('says so in every format that has words for it', async () => {
    const folder = store('mixed');
    rmSync(join(folder, 'results.json'));
    const events = replay(readRun(folder));
    for (const format of ['txt', 'dot', 'ktap', 'xml', 'mail', 'github.log', 'kcidb.json'] as const)
      // oxlint-disable-next-line no-await-in-loop -- small texts
      expect((await render(events, format)).replaceAll(/\s+/g, ' '), format).toContain(
        'The run folder is not whole: results.json is missing.',
      );
  });

  it('with nothing that can be read', () => {
    const folder = store('pass');
    writeFileSync(join(folder, 'events.jsonl'), '\0\0\0\n');
    writeFileSync(join(folder, 'results.json'), '{');
    const { events, problems } = readRun(folder);
    expect(events).toEqual([]);
    expect(problems.join('\n')).toContain('neither events.jsonl nor results.json can be read');
  });
});

describe('findRun', () => {
  it('knows latest, ids, parts of ids and folders', () => {
    const first = store('pass');
    const second = store('pass', eventsOf('pass'), '2026-11-23T20-00-00Z-4d5e6f');
    symlinkSync('runs/2026-11-23T20-00-00Z-4d5e6f', join(root, 'latest'));
    expect(findRun('latest', root)).toBe(second);
    expect(findRun(RUN, root)).toBe(first);
    expect(findRun('1a2b3c', root)).toBe(first);
    expect(findRun(second, root)).toBe(second);
  });

  it.each([
    ['2026', 'RUN_AMBIGUOUS'],
    ['zzz', 'RUN_UNKNOWN'],
    ['', 'RUN_UNKNOWN'],
    ['latest', 'RUN_NONE'],
    ['/', 'RUN_UNKNOWN'],
  ])('refuses %j', (name, code) => {
    store('pass');
    store('pass', eventsOf('pass'), '2026-11-23T20-00-00Z-4d5e6f');
    expect(() => findRun(name, root)).toThrow(expect.objectContaining({ code, blame: 'usage' }));
  });
});

describe('mmapvet report', () => {
  async function mmapvet(...args: readonly string[]) {
    const env = { PATH: process.env['PATH'] ?? '', HOME: root, XDG_STATE_HOME: join(root, 'state') };
    const command = [process.execPath, join(PROJECT, 'harness/cli/main.ts'), ...args];
    const { exitCode, stdout, stderr } = await spawn(command as [string, ...string[]], {
      env,
      reject: false,
      cwd: root,
    });
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  }

  it('writes several formats at once', async () => {
    const folder = store('mixed');
    const { exitCode, stdout } = await mmapvet(
      'report',
      folder,
      '--reporter',
      'list,junit=a.xml',
      '--reporter',
      'mail=a.mail,kcidb=a.json',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('The kernel breaks the contract in 1 cell.');
    expect(readFileSync(join(root, 'a.mail'), 'utf8')).toMatch(/^mmapvet: FAIL/);
    expect(readFileSync(join(root, 'a.xml'), 'utf8')).toContain('</testsuites>');
    expect(JSON.parse(readFileSync(join(root, 'a.json'), 'utf8'))).toMatchObject({ version: { major: 5 } });
  });

  it('ends with 2 for a damaged run, whose reports it writes', async () => {
    const folder = store('mixed');
    appendFileSync(join(folder, 'events.jsonl'), '{"kind":');
    const { exitCode, stdout, stderr } = await mmapvet('report', folder, '--reporter', 'mail');
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^mmapvet: FAIL/);
    expect(stderr).toContain('events.jsonl is cut in the middle of its last line');
  });

  it('ends with 2 where a reporter fails, and lets the others write', async () => {
    const folder = store('mixed');
    cpSync(folder, join(root, 'copy'), { recursive: true });
    const { exitCode, stdout, stderr } = await mmapvet('report', folder, '--reporter', 'ktap=/dev/full,mail');
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^mmapvet: FAIL/);
    expect(stderr).toMatch(/The reporter "ktap=\/dev\/full" failed: .*ENOSPC/);
  });

  it.each([
    [['report', 'none'], 'RUN_UNKNOWN'],
    [['report', 'RUN', '--reporter', 'junit=none/x.xml'], 'REPORT_UNWRITABLE'],
    [['report', 'RUN', '--reporter', 'junit=.'], 'REPORT_UNWRITABLE'],
    [['run', '--reporter', 'junit=none/x.xml'], 'REPORT_UNWRITABLE'],
    [['run', '--output', 'runs'], 'RUN_FOLDER_USED'],
    [['run', '--output', '/proc/x'], 'RUN_FOLDER'],
    [['run', '--output', '/dev/null/x'], 'RUN_FOLDER'],
  ])('%j is refused before anything is done', async (words, code) => {
    const folder = store('pass');
    const { exitCode, stdout, stderr } = await mmapvet(...words.map((word) => (word === 'RUN' ? folder : word)));
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toContain(`[${code}]`);
  });
});
