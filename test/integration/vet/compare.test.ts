import { existsSync } from 'node:fs';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { readComparison, type ComparisonDocument } from '../../../harness/results/comparison.ts';
import { readInputs } from '../../../harness/run/prepare.ts';
import { compareKernels, splitInputs } from '../../../harness/vet/compare.ts';
import { PASS, transcript } from '../fake-world.ts';
import { FAIL, quiet, useFakeQuestion } from './fake-question.ts';

/* A fake make and QEMU: what a comparison does with what kernels say. */

const fake = useFakeQuestion();

interface More {
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
}

async function compare(patches: readonly string[], name = 'q', { signal, fresh = false }: More = {}) {
  const { context } = fake();
  const plan = { ...fake().plan, patches };
  const inputs = splitInputs(await readInputs(plan));
  const folder = join(fake().world.folder, name);
  const document = await compareKernels(
    { plan, inputs, folder, progress: quiet, allowRemoved: false, fresh },
    { ...context, signal: signal ?? context.signal },
  );
  expect(readComparison(folder)).toEqual(document);
  return document;
}

const cellOf = ({ cells: [cell] }: ComparisonDocument) => ({
  change: cell?.change,
  base: cell?.runs.base.map(({ outcome }) => outcome).join(' '),
  patched: cell?.runs.patched.map(({ outcome }) => outcome).join(' '),
});

test('a regression: repeated on three fresh guests of each kernel, with its odds', async () => {
  const document = await compare([await fake().patch(5, 'mm: break it', FAIL)]);
  expect(cellOf(document)).toEqual({
    change: 'regression',
    base: 'pass pass pass pass',
    // The first run confirms a failure by itself.
    patched: 'fail fail fail fail fail fail',
  });
  expect(document.cells[0]?.chance).toBeCloseTo(1 / 210);
  expect(document).toMatchObject({ decision: 'regression', exitCode: 1, unequal: [], interrupted: false });
  expect(document.patched.kernel?.series.map(({ subject }) => subject)).toEqual(['mm: break it']);
  // Of a fake kernel.
  expect(document.notes).toEqual([expect.stringContaining('sizes of functions could not be read')]);
  expect((await readdir(join(fake().world.folder, 'q'))).toSorted()).toEqual([
    'base',
    'base-again',
    'compare.json',
    'patched',
    'patched-again',
  ]);
});

test('the other way round it is fixed; no difference is not run again, and the base is not run twice', async () => {
  const worse = await fake().patch(5, 'mm: break it', FAIL);
  const mended = await fake().patch(15, 'mm: mend it', PASS);
  await writeFile(join(fake().world.folder, 'ktap'), transcript(FAIL));
  const fixed = await compare([mended], 'fixed');
  expect(cellOf(fixed)).toMatchObject({ change: 'fixed' });
  expect(fixed).toMatchObject({ decision: 'no-regression', exitCode: 0, base: { stored: [] } });

  const same = await compare([worse], 'same');
  expect(cellOf(same)).toMatchObject({ change: 'still-failing' });
  expect(same.exitCode).toBe(0);
  expect(existsSync(join(fake().world.folder, 'same/base-again'))).toBe(false);
  expect(same.base.stored).toEqual([expect.stringMatching(/^x86_64: The verdicts are those of .*same kernel/)]);
  const fresh = await compare([worse], 'fresh', { fresh: true });
  expect(fresh.base.stored).toEqual([]);
});

test('a patched kernel that does not build decides nothing, and says why', async () => {
  const plain = await compare([await fake().patch(5, 'mm: nothing')], 'plain');
  expect(plain).toMatchObject({ exitCode: 0, counts: { 'still-passing': 1 } });
  vi.stubEnv('FAKE_MAKE_FAILS', 'vmlinux');
  vi.stubEnv('FAKE_MAKE_SAYS', 'mm/util.c:5:1: error: no');
  const broken = await compare([await fake().patch(15, 'mm: no kernel')], 'broken');
  expect(cellOf(broken)).toEqual({ change: 'inconclusive', base: 'pass', patched: 'error' });
  expect(broken).toMatchObject({ decision: 'undecided', exitCode: 2 });
  expect(broken.patched.trouble).toEqual([expect.stringContaining('does not build: mm/util.c:5: no.')]);
  expect(existsSync(join(fake().world.folder, 'broken/base-again'))).toBe(false);
});

test('a cell that only sometimes fails is not called', async () => {
  // It fails in the first guest, and in none of those after it.
  const document = await compare([await fake().patch(5, 'mm: maybe', ['!once', ...FAIL])]);
  expect(cellOf(document)).toMatchObject({ change: 'inconclusive', base: 'pass pass pass pass' });
  expect(document.cells[0]?.patched).toMatchObject({
    outcome: 'flaky',
    reason: expect.stringContaining('runs disagree'),
  });
  expect(document).toMatchObject({ decision: 'undecided', exitCode: 2 });
});

test('probes that are not the same in both guests: nothing is called, and it is said why', async () => {
  await compare([await fake().patch(5, 'mm: nothing')], 'plain');
  // As after a pull between the two builds.
  const guests = join(fake().world.env['XDG_CACHE_HOME']!, 'mmapvet/guests');
  for (const key of await readdir(guests)) await appendFile(join(guests, key, 'mmapvet-probes'), 'older');
  const document = await compare([await fake().patch(15, 'mm: break it', FAIL)], 'pulled');
  expect(cellOf(document)).toMatchObject({ change: 'regression' });
  expect(document.unequal).toEqual(['x86_64: "probes" of the guests: guest/ changed meanwhile']);
  expect(document).toMatchObject({ decision: 'undecided', exitCode: 2 });
});

test('without a patch there is nothing to compare', async () => {
  const inputs = await readInputs(fake().plan);
  expect(() => splitInputs(inputs)).toThrow(expect.objectContaining({ code: 'COMPARE_NOTHING', exit: 64 }));
});

test('an interrupt calls nothing', async () => {
  const stop = new AbortController();
  vi.stubEnv('FAKE_MAKE_HANGS', 'vmlinux');
  setTimeout(() => stop.abort(new Error('stopped')), 1500);
  const document = await compare([await fake().patch(5, 'mm: nothing')], 'q', { signal: stop.signal });
  expect(document).toMatchObject({ interrupted: true, exitCode: 130, decision: 'undecided' });
});
