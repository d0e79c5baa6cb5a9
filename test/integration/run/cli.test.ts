import { existsSync, readFileSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';
import { spawn } from '../../../harness/core/exec.ts';
import { Results } from '../../../harness/results/results.ts';
import { makeDebs, openFakeWorld, PASS, transcript, type FakeWorld } from '../fake-world.ts';

/* The whole program on a fake kernel tree, with a fake make and a fake QEMU: what it does when things go wrong. */

let folder: string;
let env: Record<string, string>;
let world: FakeWorld;

beforeEach(async () => {
  world = await openFakeWorld();
  ({ folder, env } = world);
});
afterEach(() => world[Symbol.asyncDispose]());

function start(...args: readonly string[]) {
  const words = [
    'run',
    '--json',
    '--kernel',
    join(folder, 'linux'),
    '--target',
    'x86_64',
    '--clause',
    'A01',
    '--path',
    'direct',
    '--accel',
    'tcg',
  ];
  return spawn(
    [process.execPath, join(PROJECT, 'harness/cli/main.ts'), ...words, '--guest-debs', join(folder, 'debs'), ...args],
    {
      env,
      reject: false,
      cwd: folder,
    },
  );
}

async function run(guest: string, ...args: readonly string[]) {
  await makeDebs(folder);
  env['FAKE_GUEST'] = guest;
  const { exitCode, stdout, stderr } = await start(...args);
  const results = Results.parse(JSON.parse(String(stdout)));
  const cell = results.cells[0];
  return { code: exitCode, cell, results, stderr: String(stderr) };
}

async function expectNothingLeft(): Promise<void> {
  const pids = existsSync(join(folder, 'pids'))
    ? (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n')
    : [];
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect((await readdir(folder)).filter((name) => name.startsWith('mmapvet-'))).toEqual([]);
}

describe('verdicts', () => {
  test('a guest that behaves: pass, exit 0, nothing left running', async () => {
    const { code, cell } = await run('good');
    expect(cell).toMatchObject({
      clause: 'A01',
      outcome: 'pass',
      observers: { driver: [{ ok: true }], user: [{ ok: true }] },
    });
    expect(code).toBe(0);
    await expectNothingLeft();
  });

  test('the run folder: events, results, reports, console, commands and config', async () => {
    await run('good');
    const files = await readdir(join(folder, 'state/mmapvet/latest'), { recursive: true });
    expect(files.toSorted()).toEqual(
      expect.arrayContaining([
        'events.jsonl',
        'results.json',
        'report.ktap',
        'junit.xml',
        'commands.txt',
        'x86_64/kernel.config',
      ]),
    );
  });

  test('the history has the run; one that can not be written is a note and no failure', async () => {
    const file = join(folder, 'state/mmapvet/history.sqlite');
    const { code, stderr } = await run('good');
    expect([code, stderr.includes('not in the history')]).toEqual([0, false]);
    const listed = await spawn([process.execPath, join(PROJECT, 'harness/cli/main.ts'), 'history', '--json'], { env });
    expect((JSON.parse(String(listed.stdout)) as { runs: unknown[] }).runs).toHaveLength(1);
    await writeFile(file, 'something else altogether, as long as a header of SQLite would be, and then some more');
    const broken = await start();
    expect([broken.exitCode, broken.stderr]).toEqual([0, expect.stringContaining('The run is not in the history')]);
  });

  test('a kernel that panics while booting is a fault of the kernel: exit 1', async () => {
    const { code, cell, results } = await run('dies');
    expect(cell).toMatchObject({ outcome: 'fault' });
    expect(results.kernelFaults.length).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  test.each([
    ['a guest that ends without a word', 'dies-quietly'],
    ['a QEMU that does not start', 'no-start'],
    ["a guest that can't set itself up", 'complains'],
    ['a driver that does not load', 'bad-driver'],
  ])('%s is our trouble: error, exit 2', async (_, guest) => {
    const { code, cell } = await run(guest);
    expect(cell).toMatchObject({ outcome: 'error' });
    expect(cell?.reason).not.toBe('');
    expect(code).toBe(2);
    await expectNothingLeft();
  });

  test('a driver that does not unload leaves the verdicts, but the run is not good', async () => {
    const { code, cell } = await run('stuck-driver');
    expect(cell).toMatchObject({ outcome: 'pass' });
    expect(code).toBe(2);
  });

  const OOPS = ['BUG: kernel NULL pointer dereference, address: 0000000000000008', 'Oops: 0000 [#1] SMP'];

  test('an oops that the probe read in the kernel log wins over its "ok"', async () => {
    await writeFile(
      join(folder, 'ktap'),
      transcript([PASS[0] ?? '', ...OOPS.map((line) => `# kmsg ${line}`), ...PASS.slice(1)]),
    );
    const { code, cell } = await run('good');
    expect(cell).toMatchObject({ outcome: 'fault' });
    expect(code).toBe(1);
  });

  test('an oops that only the console shows is not lost', async () => {
    await writeFile(
      join(folder, 'ktap'),
      transcript([PASS[0] ?? '', ...OOPS.map((line) => `!console ${line}`), ...PASS.slice(1)]),
    );
    const { code, results } = await run('good');
    expect(results.kernelFaults).toHaveLength(1);
    expect(code).toBe(1);
  });

  test.each([
    ['a guest that dies without a word', ['# begin A01.direct', '!die'], 'error', 2],
    [
      'a guest that panics',
      ['# begin A01.direct', '!console Kernel panic - not syncing: Fatal exception', '!die'],
      'fault',
      1,
    ],
    ['a guest that resets itself, its begin line unsent', ['!console mmapvet: begin A01.direct', '!reset'], 'fault', 1],
    ['a guest that resets itself between probes', ['!reset'], 'error', 1],
    ['a guest that QEMU stopped', ['# begin A01.direct', '!stop'], 'error', 2],
    [
      'a guest that panics and stays',
      ['# begin A01.direct', '!console Kernel panic - not syncing: Fatal exception', '!hang'],
      'fault',
      1,
    ],
    ['probes that crash', ['# begin A01.direct', '!exit 139'], 'error', 2],
    ['a plan without results', [], 'error', 2],
    ['a result without facts', ['# begin A01.direct', '# count mapped=1', 'ok 1 A01.direct title'], 'vacuous', 2],
    ['garbage', ['\u001b[2J\u0000ok ok not ok', 'ok 99999999999 Z99.direct'], 'error', 2],
  ])('%s', async (_, lines, outcome, exit) => {
    await writeFile(join(folder, 'ktap'), transcript(lines));
    const { code, cell } = await run('good');
    expect(cell).toMatchObject({ outcome });
    expect(code).toBe(exit);
    await expectNothingLeft();
  });
});

describe('several cells', () => {
  test('a short plan: what was decided stands, the rest is an error with the reason', async () => {
    await writeFile(join(folder, 'ktap'), transcript(PASS).replace('1..1', '1..2'));
    const { code, results } = await run('good', '--clause', 'A02');
    expect(results.cells.map((cell) => `${cell.clause} ${cell.outcome}: ${cell.reason}`)).toEqual([
      'A01 pass: ',
      'A02 error: the probe ended without a result for this cell: 1 of 2 planned results',
    ]);
    expect(code).toBe(2);
  });

  test('garbage between results: what could be read counts', async () => {
    const garbage = ['\u0000\u001b[2Jok ok', 'ok 7 Z99.direct x', '# begin nonsense', 'x'.repeat(100_000)];
    await writeFile(join(folder, 'ktap'), transcript([...garbage, ...PASS, ...garbage]).replace('1..1', '1..2'));
    const { code, results } = await run('good', '--clause', 'A02');
    expect(results.cells.map((cell) => `${cell.clause} ${cell.outcome}`)).toEqual(['A01 pass', 'A02 error']);
    expect(code).toBe(2);
  });
});

describe('known trouble', () => {
  const FAIL = [
    '# begin A01.direct',
    '# count mapped=1',
    '# driver bad: gone',
    '# user bad: gone',
    'not ok 1 A01.direct title',
  ];

  async function allow(expires: string): Promise<readonly string[]> {
    const file = join(folder, 'allow.yaml');
    const entry = [
      'clause: A01',
      'kernel: "7.3"',
      'reason: it is gone',
      'link: https://example.org/1',
      `expires: ${expires}`,
    ];
    await writeFile(file, `allow:\n  - ${entry.join('\n    ')}\n`);
    return ['--allow', file];
  }

  test('a broken clause with an entry is known: exit 2 only because nothing else passed', async () => {
    await writeFile(join(folder, 'ktap'), transcript(FAIL));
    const { code, cell } = await run('good', ...(await allow('2999-01-01')));
    expect(cell).toMatchObject({
      outcome: 'known',
      reason: 'it is gone (https://example.org/1, until 2999-01-01)',
      known: { entry: 'allow.yaml:2', outcome: 'fail' },
    });
    expect(code).toBe(2);
  });

  test('an expired entry hides nothing, and fails a run that has nothing to hide', async () => {
    await writeFile(join(folder, 'ktap'), transcript(FAIL));
    const failing = await run('good', ...(await allow('2020-01-01')));
    expect(failing).toMatchObject({ code: 1, cell: { outcome: 'fail' } });
    expect(failing.stderr).toContain('expired on 2020-01-01');

    await writeFile(join(folder, 'ktap'), transcript(PASS));
    const { exitCode } = await start(...(await allow('2020-01-01')));
    expect(exitCode).toBe(2);
  });

  test('an unused entry is said, and changes nothing', async () => {
    const { code, stderr } = await run('good', ...(await allow('2999-01-01')));
    expect(stderr).toContain('nothing needed the entry for A01');
    expect(code).toBe(0);
  });

  test('a mistake in the file: file and line, exit 64, nothing written', async () => {
    const [flag = '', file = ''] = await allow('soon');
    const { exitCode, stderr } = await start(flag, file);
    expect(exitCode).toBe(64);
    expect(String(stderr)).toContain(`${file}:6: "expires"`);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });
});

describe('before anything runs', () => {
  test.each([
    ['a folder that is no kernel tree', ['--kernel', '/usr'], 'KERNEL_NOT_A_TREE'],
    ['a kernel that is not there', ['--kernel', '/no/such'], 'KERNEL_NO_SUCH_FILE'],
    ['a patch that is not there', ['--patch', '/no/such.patch'], 'PATCH'],
  ])('%s: one message, no stack, nothing written', async (_, args, code) => {
    const { exitCode, stderr } = await start(...args);
    expect(exitCode).toBe(64);
    expect(String(stderr)).toContain(`[${code}`);
    expect(String(stderr)).not.toContain('    at ');
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  test('an unknown flag: exit 64, nothing written', async () => {
    const { exitCode, stderr } = await start('--clasue', 'A01');
    expect(exitCode).toBe(64);
    expect(String(stderr)).toContain('Did you mean "--clause"?');
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });

  test('an output folder that holds something already', async () => {
    const { exitCode } = await start('--output', join(folder, 'linux'));
    expect(exitCode).not.toBe(0);
    expect(existsSync(join(folder, 'linux/events.jsonl'))).toBe(false);
  });
});

describe('a build that fails', () => {
  test("shows the compiler's lines, keeps a readable run, exit 2", async () => {
    await makeDebs(folder);
    env = { ...env, FAKE_MAKE_FAILS: 'vmlinux', FAKE_MAKE_SAYS: "mm/util.c:12:3: error: expected ';' before 'return'" };
    const { exitCode, stdout, stderr } = await start();
    expect(exitCode).toBe(2);
    expect(String(stderr)).toContain("mm/util.c:12:3: error: expected ';'");
    expect(Results.parse(JSON.parse(String(stdout))).cells[0]).toMatchObject({ outcome: 'error' });
  });

  test('a kernel without the hook: not applicable, nothing was checked, exit 2', async () => {
    await makeDebs(folder);
    await writeFile(join(folder, 'linux/Makefile'), 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n');
    env['FAKE_FEATURES'] = '';
    const { exitCode, stdout, stderr } = await start();
    expect(Results.parse(JSON.parse(String(stdout))).cells[0]).toMatchObject({ outcome: 'not-applicable' });
    expect(String(stderr).toLowerCase()).toContain('nothing was checked');
    expect(exitCode).toBe(2);
  });
});

describe('time', () => {
  test('the time of the whole run is over: what is undecided is an error, and the run is readable', async () => {
    await writeFile(join(folder, 'ktap'), transcript(['# begin A01.direct', '!hang']));
    const { code, cell, results } = await run('good', '--global-timeout', '15');
    expect(cell).toMatchObject({
      outcome: 'error',
      reason: expect.stringContaining("the run's time was over") as string,
    });
    expect(results).toMatchObject({ interrupted: false, exitCode: 2 });
    expect(code).toBe(2);
    await expectNothingLeft();
  });
});

describe('interrupts', () => {
  async function interruptWhen(
    guest: string,
    ready: () => boolean,
  ): Promise<{ code: number | undefined; events: string }> {
    await makeDebs(folder);
    env['FAKE_GUEST'] = guest;
    const child = start();
    while (!ready()) await new Promise((done) => setTimeout(done, 20));
    process.kill(child.pid ?? 0, 'SIGINT');
    const { exitCode } = await child;
    return { code: exitCode, events: await readFile(join(folder, 'state/mmapvet/latest/events.jsonl'), 'utf8') };
  }
  const started = (): boolean => existsSync(join(folder, 'pids'));

  test.each<[string, Record<string, string>, string, () => boolean]>([
    [
      'building',
      { FAKE_MAKE_HANGS: 'vmlinux' },
      'good',
      () => existsSync(join(folder, 'make.log')) && existsSync(join(folder, 'state/mmapvet/latest/events.jsonl')),
    ],
    ['QEMU does not answer', {}, 'mute', started],
    ['booting', {}, 'silent', started],
  ])('while %s: exit 130, the run ends in order, nothing is left', async (_, more, guest, ready) => {
    env = { ...env, ...more };
    const { code, events } = await interruptWhen(guest, ready);
    expect(code).toBe(130);
    expect(events.trim().split('\n').at(-1)).toContain('"run-end"');
    await expectNothingLeft();
  });

  test('while probing: what was decided stands', async () => {
    await writeFile(join(folder, 'ktap'), transcript(['# begin A01.direct', '!hang']));
    const { code, events } = await interruptWhen('good', () => {
      const file = join(folder, 'state/mmapvet/latest/events.jsonl');
      return existsSync(file) && started();
    });
    expect(code).toBe(130);
    expect(events).toContain('"interrupted":true');
    await expectNothingLeft();
  });

  /** A run in a guest that neither ends nor lets itself be ended, and the process ids of that guest. */
  async function startStubborn() {
    await makeDebs(folder);
    await writeFile(join(folder, 'ktap'), transcript(['# begin A01.direct', '!hang']));
    env['FAKE_GUEST'] = 'deaf';
    const child = start();
    // Not earlier: a QEMU that is just starting is killed at once.
    const file = join(folder, 'state/mmapvet/latest/events.jsonl');
    const isProbing = (): boolean => existsSync(file) && readFileSync(file, 'utf8').includes('"cell-start"');
    while (!isProbing()) await new Promise((done) => setTimeout(done, 20));
    return { child, guests: (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n') };
  }
  const expectGone = (pids: readonly string[]) =>
    vi.waitFor(() => expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]), { timeout: 5000 });

  test('a second Ctrl+C ends the process at once; the kernel takes the guest along', async () => {
    const { child, guests } = await startStubborn();
    process.kill(child.pid ?? 0, 'SIGINT');
    await new Promise((done) => setTimeout(done, 700));
    process.kill(child.pid ?? 0, 'SIGINT');
    expect((await child).exitCode).toBe(130);
    await expectGone(guests);
  });

  test('a harness that is killed takes the guest along, and its events stay readable', async () => {
    const { child, guests } = await startStubborn();
    // setpriv became the harness: its process id is the harness's.
    process.kill(child.pid ?? 0, 'SIGKILL');
    await child;
    await expectGone(guests);
    const events = await readFile(join(folder, 'state/mmapvet/latest/events.jsonl'), 'utf8');
    expect(
      events
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind),
    ).toContain('run-start');
  });
});
