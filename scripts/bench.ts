/**
 * Measures mmapvet against what it can't be faster than: plain make, and plain QEMU. Both sides take turns in one
 * process, raw samples are kept, and ratios are what to quote: absolute figures belong to one machine.
 */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../harness/core/outcome.ts';
import { cacheFolder, stateFolder } from '../harness/core/paths.ts';
import { formatBytes } from '../harness/core/words.ts';
import { measureCache } from '../harness/kernel/gc.ts';
import { benchCold } from './benchmarks/cold.ts';
import { benchEdit } from './benchmarks/edit.ts';
import { benchBoot, benchGrowth } from './benchmarks/guests.ts';
import { measures, screen } from './benchmarks/measure.ts';
import { benchWarm } from './benchmarks/warm.ts';

const BENCHMARKS: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  boot: benchBoot,
  warm: benchWarm,
  growth: benchGrowth,
  edit: benchEdit,
  cold: benchCold,
};

const HELP = `Usage: scripts/bench [${Object.keys(BENCHMARKS).join('] [')}]

  boot     booted and restored guests to the first SSH answer, against plain QEMU to init
  warm     runs with nothing changed, by isolation; one clause
  growth   1, 2, 4 and 8 guests side by side, restored and booted
  edit     from an edit of mm/util.c to the verdict, against make alone (builds two kernels before)
  cold     an empty cache against plain make (builds both kernels twice)

Without a name: boot and warm. Samples go to a JSON file in the state folder.
`;

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (asked.includes('--help') || asked.includes('-h')) screen.out(HELP);
  else if (unknown !== undefined) screen.err(`There is no benchmark "${unknown}".\n${HELP}`);
  else return run(asked.length === 0 ? ['boot', 'warm'] : asked);
  return unknown === undefined || unknown.startsWith('-h') || unknown === '--help' ? EXIT.good : EXIT.usage;
}

async function run(chosen: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-bench-'));
  try {
    const host = `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`;
    const load = loadavg().map((each) => each.toFixed(1));
    screen.out(`${host}, load ${load.join(' ')}\n`);
    for (const name of chosen) await BENCHMARKS[name]?.(folder);
    const { bytes } = await measureCache();
    const { bavail, bsize } = await statfs(cacheFolder());
    screen.out(`  the cache holds ${formatBytes(bytes)}, ${formatBytes(bavail * bsize)} are free\n`);
    const file = join(stateFolder(), `bench-${new Date().toISOString().replaceAll(':', '-')}.json`);
    await writeFile(file, `${JSON.stringify({ host, load, measures }, null, 2)}\n`);
    screen.out(`raw samples: ${file}\n`);
    return EXIT.good;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
