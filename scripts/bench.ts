/**
 * Measures mmapvet against what it can't be faster than: plain make, and plain QEMU. Both sides take turns in one
 * process, raw samples are kept, and ratios are what to quote: absolute figures belong to one machine.
 *
 *   scripts/bench [boot] [warm] [cold]     default: boot warm; cold builds both kernels twice, which takes long
 */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TARGETS, type Target } from '../harness/core/arch.ts';
import { spawn } from '../harness/core/exec.ts';
import { cacheFolder, PROJECT, stateFolder } from '../harness/core/paths.ts';
import { createScreen } from '../harness/core/screen.ts';
import { qemuCommand } from '../harness/machine/argv.ts';
import { Guest } from '../harness/machine/guest.ts';
import { machineFor } from '../harness/machine/machine.ts';
import { listenOnce, freePort, privateFolder } from '../harness/machine/sockets.ts';
import { Qmp } from '../harness/machine/qmp.ts';
import { Results } from '../harness/results/results.ts';
import { SshConnection } from '../harness/ssh/connection.ts';

const screen = createScreen(process.stdout, process.stderr);
const NEVER = new AbortController().signal;

interface Measure {
  readonly name: string;
  /** Seconds, in the order in which they were taken. */
  readonly samples: readonly number[];
  readonly unit: 's' | 'MB';
}

const measures: Measure[] = [];

function note(name: string, samples: readonly number[], unit: Measure['unit'] = 's'): number {
  measures.push({ name, samples, unit });
  const sorted = samples.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const [least, most] = [sorted[0] ?? NaN, sorted.at(-1) ?? NaN];
  screen.out(
    `  ${name.padEnd(58)} ${median.toFixed(2).padStart(8)} ${unit}   ${least.toFixed(2)} to ${most.toFixed(2)}, n=${samples.length}\n`,
  );
  return median;
}

const ratio = (name: string, value: number, limit: string): void =>
  screen.out(`  ${name.padEnd(58)} ${value.toFixed(2).padStart(8)} x   (aim: ${limit})\n`);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Runs mmapvet and watches its peak memory. */
async function runMmapvet(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ seconds: number; mb: number; results: Results }> {
  const start = performance.now();
  const child = spawn([join(PROJECT, 'scripts/mmapvet'), 'run', '--json', ...args], {
    env: { ...env, CI: 'true' },
    reject: false,
  });
  let kb = 0;
  const timer = setInterval(() => {
    void readFile(`/proc/${child.pid}/status`, 'utf8').then(
      (text) => (kb = Math.max(kb, Number(/VmHWM:\s*(\d+)/.exec(text)?.[1] ?? 0))),
      () => {},
    );
  }, 50);
  const { stdout, stderr } = await child;
  clearInterval(timer);
  const seconds = (performance.now() - start) / 1000;
  try {
    return { seconds, mb: kb / 1024, results: Results.parse(JSON.parse(String(stdout))) };
  } catch (error) {
    throw new Error(`mmapvet gave no results:\n${String(stderr)}`, { cause: error });
  }
}

const passed = (results: Results): string =>
  `${results.cells.filter((cell) => cell.outcome === 'pass').length} of ${results.cells.length} cells passed`;

/** The kernel and image of the newest run: what QEMU was started with. */
async function newestGuest(target: Target): Promise<{ kernel: string; initrd: string }> {
  const events = await readFile(join(stateFolder(), 'latest/events.jsonl'), 'utf8');
  for (const line of events.trim().split('\n')) {
    const event = JSON.parse(line) as { kind: string; target?: string; command?: string[] };
    if (event.kind !== 'guest' || event.target !== target.name || event.command === undefined) continue;
    const after = (flag: string): string => event.command?.[event.command.indexOf(flag) + 1] ?? '';
    return { kernel: after('-kernel'), initrd: after('-initrd') };
  }
  throw new Error(`the latest run has no ${target.name} guest`);
}

async function bootToAnswer(target: Target, files: { kernel: string; initrd: string }, folder: string): Promise<void> {
  const request = { machine: machineFor(target.name), accel: 'tcg', ...files, kernelArgs: [], qemuArgs: [] } as const;
  await using guest = await Guest.start({ ...request, consoleFile: join(folder, 'console.log') });
  await guest.ready(120_000, NEVER);
  await using connection = await SshConnection.connect(guest.ssh, NEVER);
  await connection.exec({ command: 'true', timeoutMs: 30_000 });
}

/** The same QEMU command, until the console says that init is being started. */
async function plainToInit(target: Target, files: { kernel: string; initrd: string }, folder: string): Promise<void> {
  await using sockets = await privateFolder();
  const listening = await Promise.all(
    ['qmp', 'console', 'handover'].map((name) => listenOnce(join(sockets.path, name))),
  );
  const command = qemuCommand(
    machineFor(target.name),
    { ...files, sockets: sockets.path, console: join(folder, 'plain.log'), ram: null },
    { accel: 'tcg', sshPort: await freePort(), kernelArgs: [], qemuArgs: [] },
  );
  const child = spawn(command, { reject: false, stdout: 'ignore' });
  const [qmpSocket, consoleSocket] = await Promise.all(listening.map((each) => each.connected));
  if (qmpSocket === undefined || consoleSocket === undefined) throw new Error('QEMU did not connect');
  const qmp = await Qmp.open(qmpSocket, () => {});
  const seen = new Promise<void>((done) => {
    let text = '';
    consoleSocket.on('data', (chunk) => {
      text = (text + String(chunk)).slice(-4096);
      if (text.includes('Run /init as init process')) done();
    });
  });
  await qmp.execute('cont');
  await seen;
  qmp.execute('quit').catch(() => {});
  await child;
}

async function benchBoot(folder: string): Promise<void> {
  for (const target of TARGETS) {
    const files = await newestGuest(target);
    const ours: number[] = [];
    const plain: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      plain.push(await timed(() => plainToInit(target, files, folder)));
      ours.push(await timed(() => bootToAnswer(target, files, folder)));
    }
    const answer = note(`${target.name}: start to the first SSH answer`, ours);
    const init = note(`${target.name}: plain QEMU to init`, plain);
    ratio(`${target.name}: first SSH answer against plain QEMU to init`, answer / init, 'at most 1.3');
  }
}

async function benchWarm(): Promise<void> {
  const runs = [];
  for (let i = 0; i < 5; i += 1) runs.push(await runMmapvet({}));
  note(
    'warm run, both targets (aim: at most 20 s)',
    runs.map((run) => run.seconds),
  );
  note(
    'memory of the harness (aim: under 250 MB)',
    runs.map((run) => run.mb),
    'MB',
  );
  screen.out(`  ${passed(runs[0]?.results ?? runs.at(-1)!.results)}\n`);
}

/** An empty cache but for the packages: their download is not ours to be fast at. */
async function emptyCache(folder: string): Promise<Record<string, string>> {
  const cache = join(folder, 'cache');
  await rm(cache, { recursive: true, force: true });
  await mkdir(join(cache, 'mmapvet'), { recursive: true });
  for (const kept of ['debs', 'apt', 'node', 'roots', 'accel']) {
    const from = join(cacheFolder(), kept);
    const there = await readdir(from).then(
      () => true,
      () => false,
    );
    if (there) await symlink(from, join(cache, 'mmapvet', kept));
  }
  return { XDG_CACHE_HOME: cache, XDG_STATE_HOME: join(folder, 'state') };
}

/** Plain make of the very kernels that the run has built, from its own source and configs. */
async function plainMake(folder: string, env: Record<string, string>): Promise<void> {
  const work = join(env['XDG_CACHE_HOME'] ?? '', 'mmapvet/work');
  const [id] = await readdir(work);
  for (const target of TARGETS) {
    const built = join(work, id ?? '', 'objects');
    const objects = (await readdir(built)).find((name) => name.startsWith(`${target.name}-`)) ?? '';
    const fresh = join(folder, 'make', target.name);
    await mkdir(fresh, { recursive: true });
    await writeFile(join(fresh, '.config'), await readFile(join(built, objects, '.config')));
    const cross = target.arch.nodeArch === process.arch ? [] : [`CROSS_COMPILE=${target.arch.crossCompile}`];
    const words = [`O=${fresh}`, `ARCH=${target.arch.makeArch}`, ...cross, `-j${availableParallelism()}`];
    await spawn(['make', '-s', '-C', join(work, id ?? '', 'source'), ...words, ...target.arch.kernelGoals, 'modules']);
  }
}

async function benchCold(folder: string): Promise<void> {
  const env = await emptyCache(folder);
  const run = await runMmapvet(env);
  const ours = note('cold run to verdicts on both targets', [run.seconds]);
  screen.out(`  ${passed(run.results)}\n`);
  const make = note('plain make of the same two kernels', [await timed(() => plainMake(folder, env))]);
  screen.out(
    `  cold run against 1.10 times make plus 60 s: ${ours.toFixed(0)} s, aim at most ${(1.1 * make + 60).toFixed(0)} s\n`,
  );
}

const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? ['boot', 'warm'] : asked;
const folder = await mkdtemp(join(tmpdir(), 'mmapvet-bench-'));
try {
  screen.out(`${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores\n`);
  if (chosen.includes('warm')) await benchWarm();
  if (chosen.includes('boot')) await benchBoot(folder);
  if (chosen.includes('cold')) await benchCold(folder);
  const file = join(stateFolder(), `bench-${new Date().toISOString().replaceAll(':', '-')}.json`);
  await writeFile(file, `${JSON.stringify(measures, null, 2)}\n`);
  screen.out(`raw samples: ${file}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
