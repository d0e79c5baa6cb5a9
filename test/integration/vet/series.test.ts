import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readSeries, type SeriesDocument } from '../../../harness/results/series.ts';
import { readInputs } from '../../../harness/run/prepare.ts';
import { stepsOf, vetSeries } from '../../../harness/vet/series.ts';
import { PASS } from '../fake-world.ts';
import { FAIL, quiet, useFakeQuestion } from './fake-question.ts';

/* A fake make and QEMU: what a series does with what kernels say. */

const fake = useFakeQuestion();

async function series(patches: readonly string[], name: string, firstFailure = false): Promise<SeriesDocument> {
  const plan = { ...fake().plan, patches };
  const folder = join(fake().world.folder, name);
  const document = await vetSeries(
    {
      plan,
      steps: stepsOf(await readInputs(plan)),
      folder,
      firstFailure,
      fresh: false,
      progress: quiet,
    },
    fake().context,
  );
  expect(readSeries(folder)).toEqual(document);
  return document;
}

const rows = ({ steps }: SeriesDocument): string[] =>
  steps.map(({ number, verdict, targets: [target], changes }) =>
    [number, verdict, target?.state, changes.map(({ change }) => change).join(' ')].join(' ').trim(),
  );

test('each patch is held against the one before it; what one breaks the next is not blamed for', async () => {
  const patches = [
    await fake().patch(5, 'mm: harmless'),
    await fake().patch(15, 'mm: break it', FAIL),
    await fake().patch(25, 'mm: harmless too', FAIL),
    await fake().patch(35, 'mm: mend it', PASS),
  ];
  const document = await series(patches, 'all');
  expect(rows(document)).toEqual([
    '0 good vetted',
    '1 good vetted',
    '2 worse vetted regression',
    '3 good vetted',
    '4 good vetted fixed',
  ]);
  expect(document.steps[3]?.targets[0]?.groups).toEqual([
    { letter: 'A', cells: 1, red: 1, worse: 0, better: 0, undecided: 0, applicable: 1 },
  ]);
  expect(document).toMatchObject({ exitCode: 1, interrupted: false, kernel: { series: [] } });

  // Edited at its end: only that is run again.
  const edited = await series(patches.slice(0, 3), 'edited');
  expect(edited.steps.map(({ targets: [target] }) => target?.stored)).toEqual([true, true, true, true]);
});

test('--first-failure stops there; the others are not run', async () => {
  const document = await series(
    [
      await fake().patch(5, 'mm: break it', FAIL),
      await fake().patch(15, 'mm: two'),
      await fake().patch(25, 'mm: three'),
    ],
    'first',
    true,
  );
  expect(rows(document)).toEqual(['0 good vetted', '1 worse vetted regression', '2 not-run', '3 not-run']);
  expect(document.exitCode).toBe(1);
});

test('a patch that does not build is undecided, and the next one is held against the last that did', async () => {
  const good = await fake().patch(5, 'mm: good');
  await series([good], 'before');
  vi.stubEnv('FAKE_MAKE_FAILS', 'vmlinux');
  vi.stubEnv('FAKE_MAKE_SAYS', 'mm/util.c:5:1: error: no');
  const document = await series([good, await fake().patch(15, 'mm: no kernel')], 'broken');
  expect(rows(document)).toEqual(['0 good vetted', '1 good vetted', '2 undecided not-built']);
  expect(document.steps[2]?.targets[0]?.why).toContain('mm/util.c:5:1: error: no');
  expect(document.exitCode).toBe(2);
});
