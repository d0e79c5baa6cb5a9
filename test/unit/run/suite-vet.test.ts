import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST_TARGET } from '../../../harness/contract/suites.ts';
import type { Cell, EventBody } from '../../../harness/core/events.ts';
import { CASES } from '../../../harness/kernel/suites.ts';
import { Gate } from '../../../harness/run/limits.ts';
import { Pace } from '../../../harness/run/pace.ts';
import { planRun, type PlanValues } from '../../../harness/run/plan.ts';
import type { Found } from '../../../harness/run/evidence.ts';
import { SuiteVet } from '../../../harness/run/suite-vet.ts';

/* Real processes: a program that goes by how often it was run. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-suite-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** @param failing the runs that fail, as a shell pattern over their numbers */
async function vet(failing: string, more: PlanValues = {}, built = true) {
  const program = `#!/bin/sh
cd "$(dirname "$0")" && echo >> runs && run=$(wc -l < runs)
case $run in
${failing}) echo "Assert FAILED at vma.c:$run" >&2; echo "Test merge_new FAILED" >&2
  echo "1 tests run, 0 passed, 1 failed."; exit 1;;
esac
echo "1 tests run, 1 passed, 0 failed."
`;
  await writeFile(join(folder, 'vma'), program, { mode: 0o755 });
  await writeFile(join(folder, CASES), 'merge_new');
  const events: EventBody[] = [];
  const kept: Found[] = [];
  const suite = new SuiteVet({
    plan: planRun({ group: ['vma-userland'], ...more }),
    target: HOST_TARGET,
    allow: [],
    consoleFile: () => '',
    keepEvidence: (_, found) => {
      kept.push(found);
      return null;
    },
    pace: new Pace(),
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  const build = built ? { folder, absent: [] } : null;
  // One at a time: the program counts its runs.
  await suite.runOnHost({ kernelVersion: '7.3.4', build }, new Gate(1));
  const cells = events.flatMap((event): Cell[] => (event.kind === 'cell' ? [event.cell] : []));
  const stages = events.flatMap((event) => (event.kind === 'stage-start' ? [event.stage] : []));
  return { cells, stages, kept };
}

const outcomes = ([cell]: readonly Cell[]): string[] => [
  cell?.outcome ?? 'none',
  ...(cell?.repeats ?? []).map(({ outcome }) => outcome),
];

test('a program that passes is run once, and as often as is asked for', async () => {
  const { cells, stages } = await vet('never');
  expect([outcomes(cells), stages]).toEqual([['pass'], ['probe']]);
  const many = await vet('never', { repeat: '3' });
  expect([outcomes(many.cells), many.stages]).toEqual([['pass', 'pass', 'pass', 'pass'], ['probe']]);
});

test('one that fails is run again before it is told, and its words are kept', async () => {
  const { cells, stages, kept } = await vet('*');
  expect([outcomes(cells), stages]).toEqual([
    ['fail', 'fail', 'fail', 'fail'],
    ['probe', 'repeat'],
  ]);
  expect(cells).toHaveLength(1);
  expect(kept[0]?.files.get('stderr.txt')).toContain('Assert FAILED at vma.c:1');
  expect(kept[0]?.files.get('stdout.txt')).toBe('1 tests run, 0 passed, 1 failed.');
});

test('runs that disagree are flaky', async () => {
  const { cells } = await vet('1|3');
  expect(outcomes(cells)).toEqual(['flaky', 'fail', 'pass', 'fail']);
  expect(cells[0]?.reason).toContain('repeats disagree: 1 pass, 2 fail');
});

test('without confirmation it is told at once, and disagreeing repeats are flaky as well', async () => {
  expect(outcomes((await vet('1', { confirm: '0' })).cells)).toEqual(['fail']);
  expect(outcomes((await vet('3', { confirm: '0', repeat: '2' })).cells)).toEqual(['flaky', 'pass', 'fail']);
});

test('what was not built is an error once', async () => {
  const { cells, stages } = await vet('*', { repeat: '3' }, false);
  expect([outcomes(cells), stages]).toEqual([['error'], []]);
  expect(cells[0]).toMatchObject({ ran: false, reason: 'there is no source of this kernel to build it from' });
});
