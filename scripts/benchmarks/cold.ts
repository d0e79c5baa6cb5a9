/** A run with an empty cache against plain make of the same kernels. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TARGETS } from '../../harness/core/arch.ts';
import { spawn } from '../../harness/core/exec.ts';
import { cacheFolder } from '../../harness/core/paths.ts';
import { beyond, note, passed, runMmapvet, screen, timed, type Bench } from './measure.ts';

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
  for (const target of DEFAULT_TARGETS) {
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

export async function benchCold({ folder }: Bench): Promise<void> {
  const env = await emptyCache(folder);
  const run = await runMmapvet(env);
  const ours = note('cold run to verdicts on both targets', [run.seconds]);
  screen.out(`  ${passed(run.results)}\n`);
  const make = note('plain make of the same two kernels', [await timed(() => plainMake(folder, env))]);
  beyond('  the cold run against 1.10 times make and 60 s more', ours, 1.1 * make + 60);
}
