/** Runs in which nothing has changed: all cells by isolation, and one clause. */
import { note, passed, runMmapvet, screen } from './measure.ts';

const SAMPLES = 3;

/** What the issue of the figure counts: groups A to I, K and L. */
const GROUPS = 'ABCDEFGHIKL'.split('').flatMap((group) => ['--clause', `${group}*`]);

export async function benchWarm(): Promise<void> {
  // Once before: builds, snapshots and the page cache are not what is measured.
  await runMmapvet({}, '--clause', 'A01');
  const sides = [
    ['groups A to I, K, L on both targets, a guest a group (aim: 25 s)', GROUPS],
    ['the same in one guest a target', [...GROUPS, '--isolate', 'none']],
    ['the same, each guest booted', [...GROUPS, '--boot']],
    ['all groups on both targets', []],
    ['one clause on one target (aim: 2 s)', ['--target', 'x86_64', '--clause', 'E02']],
  ] as const;
  const samples = sides.map(() => ({ seconds: [] as number[], mb: [] as number[], last: '' }));
  for (let i = 0; i < SAMPLES; i += 1)
    for (const [index, [, args]] of sides.entries()) {
      const run = await runMmapvet({}, ...args);
      samples[index]?.seconds.push(run.seconds);
      samples[index]?.mb.push(run.mb);
      samples[index]!.last = passed(run.results);
    }
  for (const [index, [name]] of sides.entries()) {
    note(name, samples[index]?.seconds ?? []);
    note('  memory of the harness (aim: 200 MB)', samples[index]?.mb ?? [], 'MB');
    screen.out(`    ${samples[index]?.last}\n`);
  }
}
