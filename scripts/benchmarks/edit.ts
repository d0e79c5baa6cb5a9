/** From an edit of mm/util.c to a verdict, against make alone of such an edit in the same object folder. */
import { cp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_TARGETS } from '../../harness/core/arch.ts';
import { spawn } from '../../harness/core/exec.ts';
import { cacheFolder } from '../../harness/core/paths.ts';
import { entryFolder, keyOf } from '../../harness/kernel/cache.ts';
import { filesBelow, workFolderAt } from '../../harness/kernel/work.ts';
import { findRun } from '../../harness/results/find-run.ts';
import {
  beyond,
  interleaved,
  latestEvents,
  note,
  passed,
  runMmapvet,
  samplesOf,
  screen,
  timed,
  type Bench,
} from './measure.ts';

/** The newest source that a run has unpacked, and left without patches. */
async function newestSource(): Promise<string> {
  const root = join(cacheFolder(), 'work');
  const found: { source: string; at: number }[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const { source } = workFolderAt(join(root, name));
    const facts = await stat(join(source, 'mm/util.c')).catch(() => null);
    const patched = await Promise.all(['orig', 'created'].map((kept) => filesBelow(join(root, name, kept))));
    if (facts !== null && patched.flat().length === 0)
      found.push({ source, at: (await stat(join(root, name))).mtimeMs });
  }
  const [newest] = found.toSorted((a, b) => b.at - a.at);
  if (newest === undefined) throw new Error('no kernel source is in the cache: run "scripts/mmapvet run" first');
  return newest.source;
}

/** What a developer edits is a git tree. All of it: Debian's packages carry a .gitignore that leaves nothing over. */
async function commitAll(tree: string): Promise<void> {
  const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
  await spawn(['git', '-C', tree, 'init', '--quiet']);
  await spawn(['git', '-C', tree, 'add', '--all', '--force']);
  await spawn(['git', '-C', tree, ...who, 'commit', '--quiet', '--message', 'base']);
}

let edits = 0;
async function edit(tree: string): Promise<void> {
  const file = join(tree, 'mm/util.c');
  const text = (await readFile(file, 'utf8')).replace(/\/\* mmapvet bench.*\n$/, '');
  edits += 1;
  await writeFile(file, `${text}/* mmapvet bench ${edits} */ extern int mmapvet_bench_${edits};\n`);
}

/** The commands with which the newest run has compiled its kernels, by the target's name: a shell takes them as they are. */
async function makeCommands(): Promise<Map<string, string>> {
  const lines = (await readFile(join(findRun('latest'), 'commands.txt'), 'utf8')).split('\n');
  return new Map(
    DEFAULT_TARGETS.flatMap(({ name }) => {
      const line = lines.findLast(
        (each) => each.startsWith('make ') && each.includes(`/objects/${name}-base-`) && each.endsWith(' modules'),
      );
      return line === undefined ? [] : [[name, line] as const];
    }),
  );
}

interface Sample {
  readonly seconds: number;
  /** The boot that is saved, and the probes' own time: the slower target's. */
  readonly bootAndProbes: number;
  readonly passed: string;
}

async function vet(tree: string, args: readonly string[]): Promise<Sample> {
  await edit(tree);
  const { seconds, results } = await runMmapvet({}, '--kernel', tree, '--clause', 'E*', ...args);
  const events = await latestEvents();
  const each = results.targets.map(({ name }) => {
    const boots = events.flatMap((event) =>
      event.kind === 'stage-end' && event.stage === 'boot' && event.target === name ? [event.durationMs] : [],
    );
    const cells = results.cells.filter((cell) => cell.target === name).map((cell) => cell.durationMs);
    return [...boots, ...cells].reduce((sum, ms) => sum + ms, 0) / 1000;
  });
  return { seconds, bootAndProbes: Math.max(...each), passed: passed(results) };
}

export async function benchEdit(bench: Bench): Promise<void> {
  const tree = join(await realpath(bench.folder), 'tree');
  await cp(await newestSource(), tree, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  await commitAll(tree);
  const work = workFolderAt(entryFolder('work', keyOf('tree', tree)));
  try {
    screen.out('  (the tree that will be edited is built once before)\n');
    await runMmapvet({}, '--kernel', tree, '--clause', 'E02');
    const commands = await makeCommands();
    if (commands.size < DEFAULT_TARGETS.length) throw new Error('the run has not compiled a kernel for each target');
    const make = async (targets: readonly string[]): Promise<Sample> => {
      await edit(work.source);
      const seconds = await timed(async () => {
        for (const name of targets) await spawn(['sh', '-c', `${commands.get(name)} -s >/dev/null`]);
      });
      return { seconds, bootAndProbes: 0, passed: '' };
    };
    const names = DEFAULT_TARGETS.map(({ name }) => name);
    for (const { name, targets, args, room } of [
      { name: 'x86_64', targets: ['x86_64'], args: ['--target', 'x86_64'], room: 2 },
      { name: 'both targets', targets: names, args: [], room: 4 },
    ]) {
      const ours = `edit of mm/util.c to verdict, group E, ${name}`;
      const theirs = `make alone after such an edit, ${name} (M)`;
      const samples = await interleaved(samplesOf(bench, 3), [
        { name: ours, run: () => vet(tree, args) },
        { name: theirs, run: () => make(targets) },
      ]);
      const [vetted = [], made = []] = [samples.get(ours), samples.get(theirs)];
      const all = note(
        ours,
        vetted.map(({ seconds }) => seconds),
      );
      const compiled = note(
        theirs,
        made.map(({ seconds }) => seconds),
      );
      const rest = note(
        '  a boot and the probes of the slower target (B + S)',
        vetted.map((each) => each.bootAndProbes),
      );
      beyond('  beyond M, B and S', all - compiled - rest, room);
      screen.out(`    ${vetted.at(-1)?.passed ?? ''}\n`);
    }
  } finally {
    await rm(work.root, { recursive: true, force: true });
  }
}
