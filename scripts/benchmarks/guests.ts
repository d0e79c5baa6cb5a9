/** Guests: booted and restored, to their first SSH answer, against plain QEMU to init; and many of them side by side. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_TARGETS, type Target } from '../../harness/core/arch.ts';
import { spawn } from '../../harness/core/exec.ts';
import { stateFolder } from '../../harness/core/paths.ts';
import { qemuCommand } from '../../harness/machine/argv.ts';
import { Guest, type BootLimits } from '../../harness/machine/guest.ts';
import { BOOT, type GuestRequest, type GuestStart } from '../../harness/machine/start.ts';
import { machineFor } from '../../harness/machine/machine.ts';
import { Qmp } from '../../harness/machine/qmp.ts';
import { dropSnapshot, takeSnapshot } from '../../harness/machine/snapshot.ts';
import { freePort, listenOnce, privateFolder } from '../../harness/machine/sockets.ts';
import { SshConnection } from '../../harness/ssh/connection.ts';
import { interleaved, note, ratio, samplesOf, screen, timed, type Bench } from './measure.ts';

const NEVER = new AbortController().signal;
const LIMITS: BootLimits = { totalMs: 180_000, silenceMs: 180_000 };

/** What the newest run has started for a target: the same kernel and image. */
export async function newestGuest(target: Target): Promise<Omit<GuestRequest, 'consoleFile'>> {
  const events = await readFile(join(stateFolder(), 'latest/events.jsonl'), 'utf8');
  for (const line of events.trim().split('\n')) {
    const event = JSON.parse(line) as { kind: string; target?: string; command?: string[] };
    if (event.kind !== 'guest' || event.target !== target.name || event.command === undefined) continue;
    const after = (flag: string): string => event.command?.[event.command.indexOf(flag) + 1] ?? '';
    const files = { kernel: after('-kernel'), initrd: after('-initrd') };
    return { machine: machineFor(target.name), accel: 'tcg', ...files, kernelArgs: [], qemuArgs: [] };
  }
  throw new Error(`the latest run has no ${target.name} guest: run "scripts/mmapvet run" first`);
}

async function requestFor(target: Target, folder: string): Promise<GuestRequest> {
  return { ...(await newestGuest(target)), consoleFile: join(folder, `${target.name}.log`) };
}

/** @returns seconds; how long a guest takes to end is no part of it */
async function toAnswer(request: GuestRequest, how: GuestStart): Promise<number> {
  const since = performance.now();
  await using guest = await Guest.start(request, how);
  await guest.ready(LIMITS, NEVER);
  await using connection = await SshConnection.connect(guest.takeSsh(), NEVER);
  await connection.exec({ command: 'true', timeoutMs: 30_000 });
  return (performance.now() - since) / 1000;
}

/** The same QEMU command, until the console says that init is being started. @returns seconds */
async function plainToInit(request: GuestRequest): Promise<number> {
  const since = performance.now();
  await using sockets = await privateFolder();
  const listening = await Promise.all(
    ['qmp', 'console', 'handover'].map((name) => listenOnce(join(sockets.path, name))),
  );
  const command = qemuCommand(
    request.machine,
    { ...request, sockets: sockets.path, ram: null },
    { accel: 'tcg', sshPort: await freePort(), kernelArgs: [], qemuArgs: [], gdb: false },
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
  const seconds = (performance.now() - since) / 1000;
  qmp.execute('quit').catch(() => {});
  await child;
  return seconds;
}

interface Prepared {
  readonly target: Target;
  readonly request: GuestRequest;
  readonly restore: GuestStart;
}

/** Runs `work` with a snapshot of each target's newest guest, of its own, so that nothing else has it in use. */
async function withSnapshots(folder: string, work: (prepared: readonly Prepared[]) => Promise<void>): Promise<void> {
  const prepared: Prepared[] = [];
  const keys = DEFAULT_TARGETS.map((target) => `bench-${process.pid}-${target.name}`);
  try {
    for (const [index, target] of DEFAULT_TARGETS.entries()) {
      const request = await requestFor(target, folder);
      const saved = await takeSnapshot(keys[index] ?? '', request, LIMITS, NEVER);
      if (saved.kind !== 'saved') throw saved.error;
      const { ram, state } = saved.snapshot;
      prepared.push({ target, request, restore: { kind: 'restore', ram, state } });
    }
    await work(prepared);
  } finally {
    for (const key of keys) await dropSnapshot(key);
  }
}

/** Booted and restored to the first SSH answer, and plain QEMU to init. */
export async function benchBoot(bench: Bench): Promise<void> {
  await withSnapshots(bench.folder, async (prepared) => {
    for (const { target, request, restore } of prepared) {
      const samples = await interleaved(samplesOf(bench, 7), [
        { name: 'booted', run: () => toAnswer(request, BOOT) },
        { name: 'restored', run: () => toAnswer(request, restore) },
        { name: 'plain', run: () => plainToInit(request) },
      ]);
      const booted = note(`${target.name}: booted to the first SSH answer`, samples.get('booted') ?? []);
      const restored = note(`${target.name}: restored to it (aim: 0.5 s)`, samples.get('restored') ?? []);
      const plain = note(`${target.name}: plain QEMU to init`, samples.get('plain') ?? []);
      ratio(`${target.name}: booted against plain QEMU`, booted / plain, 'at most 1.3');
      ratio(`${target.name}: restored against booted`, restored / booted, 'at most 0.15');
    }
  });
}

/** What the guests hold of the host's memory, pages that they share counted once among them. */
async function residentMb(guests: readonly Guest[]): Promise<number> {
  const kb = await Promise.all(
    guests.map(async ({ pid }) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s*(\d+)/m.exec(text)?.[1] ?? 0);
    }),
  );
  return kb.reduce((sum, each) => sum + each, 0) / 1024;
}

interface Grown {
  readonly seconds: number;
  readonly mb: number;
  readonly harnessMb: number;
}

/** Starts so many guests at once and waits until the last one has answered. */
async function grow(request: GuestRequest, how: GuestStart, count: number, folder: string): Promise<Grown> {
  await using cleanup = new AsyncDisposableStack();
  const own = await mkdtemp(join(folder, 'growth-'));
  cleanup.defer(() => rm(own, { recursive: true, force: true }));
  const guests: Guest[] = [];
  const seconds = await timed(() =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const guest = cleanup.use(await Guest.start({ ...request, consoleFile: join(own, `${index}.log`) }, how));
        guests.push(guest);
        await guest.ready(LIMITS, NEVER);
        const connection = cleanup.use(await SshConnection.connect(guest.takeSsh(), NEVER));
        await connection.exec({ command: 'true', timeoutMs: 60_000 });
      }),
    ),
  );
  return { seconds, mb: await residentMb(guests), harnessMb: process.memoryUsage.rss() / 1024 ** 2 };
}

/** 1, 2, 4 and 8 guests at once, restored and booted: time until the last one answers, and memory. */
export async function benchGrowth(bench: Bench): Promise<void> {
  await withSnapshots(bench.folder, async ([first]) => {
    if (first === undefined) return;
    const { request, restore, target } = first;
    screen.out(`  (guests of ${target.name}, memory ${request.machine.memoryMiB} MB each)\n`);
    const sides = [1, 2, 4, 8].flatMap((count) =>
      (['restored', 'booted'] as const).map((name) => ({
        name: `${count} ${name}`,
        run: () => grow(request, name === 'restored' ? restore : BOOT, count, bench.folder),
      })),
    );
    for (const [name, grown] of await interleaved(samplesOf(bench, 2), sides)) {
      note(
        `${name}: until the last one answers`,
        grown.map(({ seconds }) => seconds),
      );
      note(
        '    resident memory of the guests',
        grown.map(({ mb }) => mb),
        'MB',
      );
      note(
        '    memory of the harness (aim: 200 MB)',
        grown.map(({ harnessMb }) => harnessMb),
        'MB',
      );
    }
  });
}
