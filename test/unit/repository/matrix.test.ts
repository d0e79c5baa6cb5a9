/** The matrix that scripts/nightly goes through by default, and what is kept of its cells. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KERNEL_CONFIG, PROJECT } from '../../../harness/core/paths.ts';
import { loadConfig } from '../../../harness/run/config-file.ts';
import { planRun } from '../../../harness/run/plan.ts';
import { evidenceFile, MatrixEvidence } from '../../../harness/vet/nightly/evidence.ts';
import { jobsOf } from '../../../harness/vet/nightly/jobs.ts';

const file = join(KERNEL_CONFIG, 'nightly.yaml');
const config = await loadConfig('/', file);

describe('kernel-config/nightly.yaml', () => {
  it('has cells that mmapvet run takes', () => {
    const jobs = jobsOf(config);
    expect(jobs.length).toBeGreaterThan(3);
    for (const { kernel, target, profile } of jobs)
      expect(planRun({ kernel, target: [target], profile }, config).targets).toHaveLength(1);
  });

  it('begins with what the end-to-end tests build: 7.3 on both architectures', () => {
    expect(jobsOf(config).map(({ id }) => id)).toEqual(expect.arrayContaining(['7.3/x86_64/base', '7.3/arm64/base']));
  });
});

describe('docs/evidence/matrix', () => {
  const files = globSync('docs/evidence/matrix/*.json', { cwd: PROJECT });

  it('has what scripts/nightly --evidence writes, of cells that there are', () => {
    for (const name of files) {
      const evidence = MatrixEvidence.parse(JSON.parse(readFileSync(join(PROJECT, name), 'utf8')));
      expect(basename(name)).toBe(evidenceFile({ id: evidence.cell }));
      expect(jobsOf(config).map(({ id }) => id)).toContain(evidence.cell);
      expect(evidence.counts.pass ?? 0, `${name}: nothing passed`).toBeGreaterThan(0);
      const told = Object.entries(evidence.counts).flatMap(([outcome, count]) =>
        ['pass', 'not-applicable'].includes(outcome) ? [] : [count],
      );
      expect(evidence.notPassed, name).toHaveLength(told.reduce((sum, count) => sum + count, 0));
    }
  });
});
