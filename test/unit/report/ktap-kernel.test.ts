/** The kernel's own reader must take our KTAP: tools/testing/kunit/kunit.py of a tree that the environment names. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countOutcomes } from '../../../harness/core/outcome.ts';
import { createKtapReporter } from '../../../harness/report/ktap.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { CATALOGUE } from '../../fixtures/events/catalogue.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

const TREE = process.env['MMAPVET_TEST_KERNEL_TREE'] ?? '';

function parseWithKernel(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mmapvet-kunit-'));
  try {
    const file = join(folder, 'run.ktap');
    writeFileSync(file, text);
    const { stdout, stderr } = spawnSync('python3', [join(TREE, 'tools/testing/kunit/kunit.py'), 'parse', file], {
      encoding: 'utf8',
      // The tree is somebody's: not even a __pycache__ may be left in it.
      env: { ...process.env, NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(TREE === '')("the kernel's KTAP reader", () => {
  it.each(Object.entries(SCENARIOS))('takes "%s" without an error of its own', (_name, scenario) => {
    const events = scenario();
    let text = '';
    const reporter = createKtapReporter({ write: (more) => void (text += more) }, { catalogue: CATALOGUE, home: '' });
    for (const event of events) reporter.onEvent(event);
    void reporter.finish?.();
    const said = parseWithKernel(text);
    expect(said).not.toMatch(/\[ERROR\]|errors: \d/);

    const results = buildResults(events);
    const counts = countOutcomes(results.cells.map((cell) => cell.outcome));
    const passed = counts.pass + counts.changed + counts.known;
    const expected = [
      ...(passed > 0 ? [`passed: ${passed}`] : []),
      ...(counts['not-applicable'] > 0 ? [`skipped: ${counts['not-applicable']}`] : []),
    ];
    for (const part of expected) expect(said).toContain(part);
  });
});
