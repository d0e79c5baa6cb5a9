/** From an edit of mm/util.c to a verdict, against make alone. The tree is a copy of our own, outside of any repository. */
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TARGETS, type Target } from '../../harness/core/arch.ts';
import { spawn } from '../../harness/core/exec.ts';
import { cacheFolder } from '../../harness/core/paths.ts';
import { note, passed, runMmapvet, screen, timed } from './measure.ts';

const SAMPLES = 3;

/** An unpatched source that a run has unpacked, with the objects that were built from it. */
async function newestWork(): Promise<string> {
  const root = join(cacheFolder(), 'work');
  const found: { folder: string; at: number }[] = [];
  for (const name of await readdir(root)) {
    const objects = await readdir(join(root, name, 'objects')).catch(() => []);
    const complete = DEFAULT_TARGETS.every((target) => objects.some((each) => each.startsWith(`${target.name}-base-`)));
    if (complete) found.push({ folder: join(root, name), at: (await stat(join(root, name))).mtimeMs });
  }
  const [newest] = found.toSorted((a, b) => b.at - a.at);
  if (newest === undefined) throw new Error('no kernel was built for all targets: run "scripts/mmapvet run" first');
  return newest.folder;
}

async function edit(tree: string, number: number): Promise<void> {
  const file = join(tree, 'mm/util.c');
  const text = (await readFile(file, 'utf8')).replace(/\/\* mmapvet bench.*\n$/, '');
  await writeFile(file, `${text}/* mmapvet bench ${number} */ extern int mmapvet_bench_${number};\n`);
}

function make(tree: string, objects: string, target: Target): Promise<unknown> {
  const cross = target.arch.nodeArch === process.arch ? [] : [`CROSS_COMPILE=${target.arch.crossCompile}`];
  const words = [`O=${objects}`, `ARCH=${target.arch.makeArch}`, ...cross, 'KCFLAGS=-g1', 'LOCALVERSION='];
  const goals = [...target.arch.kernelGoals, 'modules'];
  return spawn(['make', '-s', '-C', tree, ...words, `-j${availableParallelism()}`, ...goals], {
    env: { KBUILD_BUILD_TIMESTAMP: '2000-01-01', LC_ALL: 'C' },
  });
}

export async function benchEdit(folder: string): Promise<void> {
  const work = await newestWork();
  const tree = join(folder, 'tree');
  await cp(join(work, 'source'), tree, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  screen.out('  building the tree that will be edited, once with mmapvet and once with make\n');
  await runMmapvet({}, '--kernel', tree, '--clause', 'E02');
  const objects = new Map<Target, string>();
  for (const target of DEFAULT_TARGETS) {
    const own = join(folder, 'objects', target.name);
    await mkdir(own, { recursive: true });
    const [built = ''] = (await readdir(join(work, 'objects'))).filter((name) =>
      name.startsWith(`${target.name}-base-`),
    );
    await writeFile(join(own, '.config'), await readFile(join(work, 'objects', built, '.config')));
    await make(tree, own, target);
    objects.set(target, own);
  }
  let number = 0;
  const sides = [
    ['x86_64', ['--target', 'x86_64']],
    ['both targets', []],
  ] as const;
  for (const [name, args] of sides) {
    const ours: number[] = [];
    const plain: number[] = [];
    let last = '';
    for (let i = 0; i < SAMPLES; i += 1) {
      await edit(tree, (number += 1));
      const run = await runMmapvet({}, '--kernel', tree, '--clause', 'E*', ...args);
      ours.push(run.seconds);
      last = passed(run.results);
      const targets = DEFAULT_TARGETS.filter((target) => name === 'both targets' || target.name === name);
      plain.push(
        await timed(async () => {
          for (const target of targets) await make(tree, objects.get(target) ?? '', target);
        }),
      );
    }
    const vetted = note(`edit of mm/util.c to verdict, group E, ${name}`, ours);
    const made = note(`make alone, ${name} (M)`, plain);
    screen.out(`    ${last}; M + ${(vetted - made).toFixed(1)} s\n`);
  }
}
