import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../../../harness/contract/catalogue.ts';
import { PLAIN } from '../../../harness/report/lines/paint.ts';
import { renderKillsPage } from '../../../harness/report/kills/page.ts';
import { killsText } from '../../../harness/report/kills/text.ts';
import { Kills, KILLS_FILE } from '../../../harness/results/kills.ts';
import { readInputs } from '../../../harness/run/prepare.ts';
import { mutate, readMutants } from '../../../harness/vet/mutate.ts';
import { FAIL, quiet, useFakeQuestion } from './fake-question.ts';

/* A fake make and QEMU: what the kill matrix makes of what kernels say. */

const fake = useFakeQuestion();

async function mutants(...names: readonly string[]): Promise<Kills> {
  const plan = { ...fake().plan, confirm: 0 };
  const folder = join(fake().world.folder, 'q');
  const kills = await mutate(
    {
      plan,
      sound: await readInputs(plan),
      mutants: await readMutants(plan, names, fake().context.signal),
      folder,
      fresh: true,
      progress: quiet,
    },
    fake().context,
  );
  expect(Kills.parse(JSON.parse(readFileSync(join(folder, KILLS_FILE), 'utf8')))).toEqual(kills);
  return kills;
}

test('a folder of patches: one is killed, one survives, one is for another kernel', async () => {
  const folder = join(fake().world.folder, 'mutants');
  await mkdir(folder);
  await rename(await fake().patch(5, 'mm: break it', FAIL), join(folder, 'broken.patch'));
  await rename(await fake().patch(15, 'mm: nothing'), join(folder, 'harmless.patch'));
  const other = readFileSync(join(folder, 'harmless.patch'), 'utf8').replace('-int line15;', '-int other;');
  await writeFile(join(folder, 'other.patch'), other);
  const kills = await mutants(folder);
  expect(kills.mutants.map(({ name, state }) => [name, state])).toEqual([
    ['broken', 'killed'],
    ['harmless', 'survived'],
    ['other', 'undecided'],
  ]);
  expect(kills.mutants[2]!.reason).toContain('does not apply');
  expect(kills).toMatchObject({ exitCode: 1, clauses: [{ id: 'A01', killers: ['broken'] }], notJudged: [] });
  const text = killsText(kills, { paint: PLAIN, columns: 100, home: '', folder: '/q', catalogue: CATALOGUE }).join(
    '\n',
  );
  expect(text).toContain('✓ broken    killed by 1 clause');
  expect(text).toContain('✗ harmless  survived: no clause tells it from the sound kernel');
  expect(text).toContain('1 mutant survived: the probes have a hole there. (exit 1)');
  const page = renderKillsPage({ ...kills, tool: '<b>' }, { catalogue: CATALOGUE, home: '' });
  expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  expect(page).not.toContain('<b>&');
  expect(page).toContain('&lt;b&gt;');
});

test('names that are none, or the same twice, are refused before anything is written', async () => {
  const [one, empty] = [await fake().patch(5, 'mm: break it'), join(fake().world.folder, 'empty')];
  await mkdir(empty);
  await expect(mutants(empty)).rejects.toMatchObject({ code: 'MUTANT_NONE', exit: 64 });
  await expect(mutants(one, one)).rejects.toMatchObject({ code: 'MUTANT_TWICE', exit: 64 });
  expect(existsSync(join(fake().world.folder, 'q'))).toBe(false);
});
