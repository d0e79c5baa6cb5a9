/** The kernel's own reader must take our KTAP: tools/testing/kunit/kunit.py of the kernel source that mmapvet unpacks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../harness/core/exec.ts';
import { countOutcomes } from '../../harness/core/outcome.ts';
import { createKtapReporter } from '../../harness/report/ktap.ts';
import { buildResults, type Results } from '../../harness/results/results.ts';
import { newestInCache } from '../../scripts/kernel-file.ts';
import { CATALOGUE } from '../fixtures/events/catalogue.ts';
import { SCENARIOS } from '../fixtures/events/scenarios.ts';
import { mmapvet, runForResults } from './mmapvet.ts';

let folder = '';
let kunit = '';
let results: Results;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-kunit-'));
  ({ results } = await runForResults('--target', 'x86_64', '--clause', 'E*'));
  kunit = (await newestInCache('tools/testing/kunit/kunit.py')) ?? 'no kernel source in the cache';
  return () => rmSync(folder, { recursive: true });
});

async function parseWithKernel(text: string): Promise<string> {
  const file = join(folder, 'run.ktap');
  writeFileSync(file, text);
  const { stdout, stderr } = await run(['python3', kunit, 'parse', file], {
    // The tree is one that is built from: not even a __pycache__ may be left in it.
    env: { NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' },
    // 1: a test failed.
    allow: [1],
  });
  return stdout + stderr;
}

function expectCounts(said: string, { cells }: Pick<Results, 'cells'>): void {
  expect(said).not.toMatch(/\[ERROR\]|errors: \d/);
  const counts = countOutcomes(cells.map((cell) => cell.outcome));
  const passed = counts.pass + counts.changed + counts.known;
  const expected = [
    ...(passed > 0 ? [`passed: ${passed}`] : []),
    ...(counts['not-applicable'] > 0 ? [`skipped: ${counts['not-applicable']}`] : []),
  ];
  for (const part of expected) expect(said).toContain(part);
}

describe("the kernel's KTAP reader", () => {
  it('counts the cells of a real run as we do', async () => {
    const { code, stdout } = await mmapvet('report', 'latest', '--reporter', 'ktap');
    expect(code).toBe(0);
    expectCounts(await parseWithKernel(stdout), results);
  });

  it.each(Object.entries(SCENARIOS))('takes "%s" without an error of its own', async (_name, scenario) => {
    const events = scenario();
    let text = '';
    const reporter = createKtapReporter({ write: (more) => void (text += more) }, { catalogue: CATALOGUE, home: '' });
    for (const event of events) reporter.onEvent(event);
    void reporter.finish?.();
    expectCounts(await parseWithKernel(text), buildResults(events));
  });
});
