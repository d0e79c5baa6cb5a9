/** Runs in which nothing has changed: the figures that have aims, and the same groups by isolation. */
import { interleaved, note, passed, runMmapvet, runTool, samplesOf, screen, timed, type Bench } from './measure.ts';

/** What the figure counts: groups A to I, K and L. */
const GROUPS = 'ABCDEFGHIKL'.split('').flatMap((group) => ['--clause', `${group}*`]);
/** By isolation: three groups, since a guest a clause of all of them takes minutes. */
const FEW = ['D*', 'E*', 'F*'].flatMap((glob) => ['--clause', glob]);

async function compare(samples: number, sides: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const runs = await interleaved(
    samples,
    Object.entries(sides).map(([name, args]) => ({ name, run: () => runMmapvet({}, ...args) })),
  );
  for (const [name, own] of runs) {
    note(
      name,
      own.map(({ seconds }) => seconds),
    );
    note(
      '    memory of the harness (aim: 200 MB)',
      own.map(({ mb }) => mb),
      'MB',
    );
    const last = own.at(-1);
    if (last !== undefined) screen.out(`    ${passed(last.results)}\n`);
  }
}

export async function benchWarm(bench: Bench): Promise<void> {
  // Once before: builds, snapshots and the page cache are not what is measured.
  await runMmapvet({}, '--clause', 'A01');
  const starts = await interleaved(
    samplesOf(bench, 5),
    ['--help', 'list clauses'].map((words) => ({ name: words, run: () => timed(() => runTool(words.split(' '))) })),
  );
  for (const [name, samples] of starts) note(`mmapvet ${name} (aim: 0.25 s)`, samples);
  await compare(samplesOf(bench, 5), {
    'one clause on one target (aim: 2 s)': ['--target', 'x86_64', '--clause', 'E02'],
  });
  await compare(samplesOf(bench, 3), {
    'groups A to I, K, L on both targets, a guest a group (aim: 25 s)': GROUPS,
  });
  await compare(samplesOf(bench, 2), {
    'groups D, E, F on both targets, a guest a group': FEW,
    '  in one guest a target': [...FEW, '--isolate', 'none'],
    '  a guest a clause': [...FEW, '--isolate', 'clause'],
    '  a guest a group, each booted': [...FEW, '--boot'],
  });
  await compare(1, { 'all groups on both targets': [] });
}
