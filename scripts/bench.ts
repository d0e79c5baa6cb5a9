/**
 * Measures mmapvet against what it can't be faster than: plain make, plain QEMU, plain Node. Both sides take turns, raw
 * samples are kept, and ratios are what to quote: absolute figures belong to one machine.
 */
import { mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../harness/core/errors.ts';
import { EXIT } from '../harness/core/outcome.ts';
import { cacheFolder, stateFolder } from '../harness/core/paths.ts';
import { formatBytes } from '../harness/core/words.ts';
import { measureCache } from '../harness/kernel/gc.ts';
import { filesBelow } from '../harness/kernel/work.ts';
import { findRun } from '../harness/results/find-run.ts';
import { benchCold } from './benchmarks/cold.ts';
import { benchEdit } from './benchmarks/edit.ts';
import { benchBoot, benchGrowth } from './benchmarks/guests.ts';
import { benchHistory } from './benchmarks/history.ts';
import { measures, note, runMmapvet, screen, type Bench } from './benchmarks/measure.ts';
import { benchWarm } from './benchmarks/warm.ts';

const BENCHMARKS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  boot: benchBoot,
  warm: benchWarm,
  history: benchHistory,
  growth: benchGrowth,
  disk: benchDisk,
  edit: benchEdit,
  cold: benchCold,
};
const USUAL = Object.keys(BENCHMARKS).filter((name) => name !== 'cold');

const HELP = `Usage: scripts/bench [--quick] [${Object.keys(BENCHMARKS).join('] [')}]

  boot     booted and restored guests to the first SSH answer, against plain QEMU to init
  warm     runs with nothing changed: one clause, groups, by isolation; memory of the harness
  history  questions to a history of a thousand runs, against Node's own start
  growth   1, 2, 4 and 8 guests side by side, restored and booted: time and memory
  disk     the cache, a snapshot, a run folder
  edit     from an edit of mm/util.c to the verdict, against make alone (builds both kernels before)
  cold     an empty cache against plain make (builds both kernels twice: half an hour)

  --quick  half the samples

Without a name: all but cold, in less than twenty minutes on a machine that does nothing else. Samples go to a JSON
file in the state folder.
`;

/** Bytes that a folder takes on the disk: a guest's memory file is mostly holes. */
async function diskMb(folder: string): Promise<number> {
  const files = await filesBelow(folder);
  const blocks = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).blocks));
  return (blocks.reduce((sum, each) => sum + each, 0) * 512) / 1024 ** 2;
}

async function benchDisk(): Promise<void> {
  const { bytes } = await measureCache();
  const { bavail, bsize } = await statfs(cacheFolder());
  note('the cache', [bytes / 1024 ** 2], 'MB');
  note('all snapshots in it', [await diskMb(join(cacheFolder(), 'snapshots'))], 'MB');
  note("the latest run's folder (aim: 5 MB for a full run)", [await diskMb(findRun('latest'))], 'MB');
  screen.out(`  (${formatBytes(bavail * bsize)} are free)\n`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    screen.out(HELP);
    return EXIT.good;
  }
  const unknown = positionals.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown !== undefined) {
    screen.err(`There is no benchmark "${unknown}".\n${HELP}`);
    return EXIT.usage;
  }
  return measure(positionals.length === 0 ? USUAL : positionals, values.quick);
}

/** One that breaks does not take the others with it; what was measured is written after each. */
async function measure(chosen: readonly string[], quick: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-bench-'));
  const started = new Date();
  const file = join(stateFolder(), `bench-${started.toISOString().replaceAll(':', '-')}.json`);
  const host = `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`;
  const troubles: string[] = [];
  const loads: Record<string, number> = {};
  try {
    screen.out(`${host}, load ${loadavg()[0]?.toFixed(1)}\n`);
    // What the benchmarks take from the latest run, and what a first run would do beside its work.
    await runMmapvet({}, '--clause', 'A01');
    for (const name of chosen) {
      loads[name] = loadavg()[0] ?? 0;
      screen.out(`\n${name}, after ${Math.round((Date.now() - started.getTime()) / 1000)} s\n`);
      const own = join(folder, name);
      try {
        await mkdir(own);
        await BENCHMARKS[name]?.({ folder: own, quick });
      } catch (error) {
        troubles.push(`${name}: ${messageOf(error)}`);
        screen.err(`  ${name} broke: ${messageOf(error)}\n`);
      }
      await rm(own, { recursive: true, force: true });
      const report = { host, started: started.toISOString(), loads, quick, troubles, measures };
      await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
    }
    screen.out(`\n${Math.round((Date.now() - started.getTime()) / 1000)} s in all; raw samples: ${file}\n`);
    return troubles.length === 0 ? EXIT.good : EXIT.undecided;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  screen.err(`scripts/bench: ${messageOf(error)}\n`);
  process.exitCode = EXIT.undecided;
}
