import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';
import { spawn } from '../../../harness/core/exec.ts';
import { Results } from '../../../harness/results/results.ts';
import { cell, Stream } from '../../fixtures/events/stream.ts';
import { makeDebs, openFakeWorld, PASS, transcript, type FakeWorld } from '../fake-world.ts';

/** Several runs of the whole program a test, on a host that may be busy. */
vi.setConfig({ testTimeout: 240_000 });

/* The whole program, killed in the middle of a run of two cells, and told to go on with it. */

let world: FakeWorld;
let folder: string;

beforeEach(async () => {
  world = await openFakeWorld();
  ({ folder } = world);
  await makeDebs(folder);
});
afterEach(() => world[Symbol.asyncDispose]());

const FAIL = [
  '# begin A01.direct',
  '# count mapped=1',
  '# driver bad: gone',
  '# user bad: gone',
  'not ok 1 A01.direct x',
];
const OTHER = PASS.map((line) =>
  line.replace('A01', 'A02').replace('# count prepare=1 mapped=1', '# count prepare=2 mapped=2'),
);

/** Paths are relative: the command is typed in the folder of the world. */
const COMMAND = ['--kernel', 'linux', '--guest-debs', 'debs', '--target', 'x86_64', '--accel', 'tcg', '--confirm', '0'];
const CELLS = ['--clause', 'A01,A02', '--path', 'direct'];

function start(args: readonly string[], cwd = folder) {
  const program = [process.execPath, join(PROJECT, 'harness/cli/main.ts'), 'run', '--json'] as const;
  return spawn([...program, ...args], { env: world.env, reject: false, cwd });
}

const say = (lines: readonly string[]): Promise<void> => writeFile(join(folder, 'ktap'), transcript(lines));
const runs = (): Promise<string[]> => readdir(join(folder, 'state/mmapvet/runs')).catch(() => []);

/** A run that is killed while A02 hangs; A01 is decided. @returns its folder */
async function kill(first: readonly string[] = FAIL): Promise<string> {
  await say([...first, '# begin A02.direct', '!hang']);
  const child = start([...COMMAND, ...CELLS]);
  const events = join(folder, 'state/mmapvet/latest/events.jsonl');
  const decided = async (): Promise<boolean> =>
    existsSync(events) && (await readFile(events, 'utf8')).includes('"kind":"cell"');
  await vi.waitUntil(decided, { timeout: 120_000, interval: 50 });
  process.kill(child.pid ?? 0, 'SIGKILL');
  await child;
  return realpath(join(folder, 'state/mmapvet/latest'));
}

async function resume(...args: readonly string[]) {
  // From somewhere else: paths of the command must still be found.
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere, { recursive: true });
  const { exitCode, stdout, stderr } = await start(['--resume', 'latest', ...args], elsewhere);
  const results = String(stdout) === '' ? null : Results.parse(JSON.parse(String(stdout)));
  return { exitCode, results, stderr: String(stderr) };
}

const told = (results: Results | null) => results?.cells.map(({ clause, outcome }) => `${clause} ${outcome}`);

test('what a killed run decided stands, with its evidence; the rest is run', async () => {
  const before = await kill();
  await appendFile(join(before, 'events.jsonl'), '{"kind":"cell","at":"2026-');
  const evidence = await readFile(join(before, 'x86_64/A01-direct/verdict.txt'), 'utf8');
  await say(OTHER);
  const { exitCode, results, stderr } = await resume('--output', 'new');
  expect(told(results)).toEqual(['A01 fail', 'A02 pass']);
  expect(results).toMatchObject({ resumes: before, cells: [{ takenFrom: before }, {}], undecided: 0 });
  expect(results?.cells[1]).not.toHaveProperty('takenFrom');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('is cut in the middle of its last line');
  const after = join(folder, 'elsewhere/new');
  expect(await readFile(join(after, 'x86_64/A01-direct/verdict.txt'), 'utf8')).toBe(evidence);
  expect(Results.parse(JSON.parse(await readFile(join(after, 'results.json'), 'utf8')))).toEqual(results);

  await expectRefusal([], 'RESUME_DONE', after);
  await writeFile(join(folder, 'linux/mm/util.c'), 'edited');
  expect(await expectRefusal([], 'RESUME_DIFFERS', before)).toContain('x86_64: files of the source');
});

test('a run that goes on with another one can be gone on with', async () => {
  const first = await kill(PASS);
  await say(['# begin A02.direct', '!exit 139']);
  const second = await resume();
  expect([told(second.results), second.exitCode]).toEqual([['A01 pass', 'A02 error'], 2]);
  await say(OTHER);
  const third = await resume();
  expect([told(third.results), third.exitCode]).toEqual([['A01 pass', 'A02 pass'], 0]);
  expect(third.results?.cells[0]?.takenFrom).toBe(first);
});

test('a kernel fault between cells is not undone by a run that does not see it', async () => {
  await say([
    ...PASS,
    '!console BUG: kernel NULL pointer dereference, address: 0000000000000008',
    '!console Oops: 0000 [#1] SMP',
    '!die',
  ]);
  const { exitCode } = await start([...COMMAND, ...CELLS]);
  expect(exitCode).toBe(1);
  await say(OTHER);
  const { results } = await resume();
  expect(told(results)).toEqual(['A01 pass', 'A02 pass']);
  expect(results?.kernelFaults.map(({ fault }) => fault.class)).toContain('oops');
  expect(results?.exitCode).toBe(1);
});

async function expectRefusal(args: readonly string[], code: string, run: string): Promise<string> {
  const before = await runs();
  const { exitCode, stderr } = await start(['--resume', run, ...args]);
  expect([exitCode, String(stderr)]).toEqual([64, expect.stringContaining(`[${code}]`)]);
  expect(await runs()).toEqual(before);
  return String(stderr);
}

/** A run of A01 and A02 that was killed after A01. @returns its folder */
async function store(): Promise<string> {
  const place = join(folder, 'stored');
  await mkdir(place);
  const { events } = new Stream()
    .start({ cells: CELLS_OF_IT, command: ['mmapvet', 'run', ...COMMAND, ...CELLS] })
    .emit({ kind: 'build', build: { ...BUILD, key: 'another' } })
    .emit({ kind: 'cell', cell: cell({ clause: 'A01', path: 'direct', target: 'x86_64', profile: 'base' }) });
  await writeFile(join(place, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return place;
}
const CELLS_OF_IT = [
  ['A01', 'direct'],
  ['A02', 'direct'],
] as const;
const BUILD = { target: 'x86_64', profile: 'base', compiler: 'gcc', configHash: '', release: '7.3.0', reused: false };

test('--list shows what is left; what can not be gone on with is refused, and nothing is written', async () => {
  const before = await store();
  const { stdout } = await start(['--resume', before, '--target', 'x86_64', '--list']);
  expect(String(stdout)).toMatch(/^x86_64 {2}A02\.direct .*$/);
  expect(await expectRefusal(['--target', 'arm64'], 'RESUME_OPTION', before)).toContain('has --target x86_64');
  expect(await expectRefusal([], 'RESUME_DIFFERS', before)).toContain('x86_64: the compiler was "gcc"');
  await writeFile(join(before, 'events.jsonl'), '');
  await expectRefusal([], 'RESUME_COMMAND', before);
  expect(existsSync(join(folder, 'state/mmapvet/runs'))).toBe(false);
});
