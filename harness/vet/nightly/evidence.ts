/** What is kept in docs/evidence/matrix of a cell of the matrix that was run: one small file each. Pure. */
import { z } from 'zod';
import { quoteCommand } from '../../core/exec.ts';
import { OUTCOMES } from '../../core/outcome.ts';
import type { Results } from '../../results/results.ts';
import type { Job } from './jobs.ts';

export const EVIDENCE_VERSION = 1;

export const MatrixEvidence = z.strictObject({
  version: z.literal(EVIDENCE_VERSION),
  cell: z.string().describe('kernel/target/profile of kernel-config/nightly.yaml'),
  date: z.iso.date(),
  kernel: z.string().describe('Its version, and where it came from'),
  accel: z.string().describe('How the guests ran: kvm or tcg'),
  command: z.string(),
  exitCode: z.number(),
  seconds: z.number().describe('Wall clock, with whatever of the build was stored'),
  counts: z.partialRecord(z.enum(OUTCOMES), z.number()),
  notPassed: z
    .array(z.object({ cell: z.string(), outcome: z.enum(OUTCOMES), reason: z.string() }))
    .describe('All but those that are not applicable'),
});

export type MatrixEvidence = z.infer<typeof MatrixEvidence>;

/** `7.3-arm64-16k-base.json` */
export const evidenceFile = (job: Pick<Job, 'id'>): string => `${job.id.replaceAll('/', '-')}.json`;

const QUIET = new Set(['pass', 'not-applicable']);

export function matrixEvidence(job: Job, results: Results): MatrixEvidence {
  const { kernel, counts } = results;
  const source = kernel === null ? [] : ['--kernel', kernel.source];
  const profile = job.profile === 'base' ? [] : ['--profile', job.profile];
  return {
    version: EVIDENCE_VERSION,
    cell: job.id,
    date: (results.at ?? '').slice(0, 10),
    kernel: kernel === null ? 'none' : `${kernel.version} (${kernel.source})`,
    accel: results.targets[0]?.accel ?? 'none',
    command: quoteCommand(['mmapvet', 'run', ...source, '--target', job.target, ...profile]),
    exitCode: results.exitCode ?? -1,
    seconds: Math.round(results.durationMs / 1000),
    counts: Object.fromEntries(
      OUTCOMES.flatMap((outcome) => ((counts[outcome] ?? 0) === 0 ? [] : [[outcome, counts[outcome] ?? 0]])),
    ),
    notPassed: results.cells
      .filter(({ outcome }) => !QUIET.has(outcome))
      .map(({ clause, path, outcome, reason }) => ({ cell: `${clause}.${path}`, outcome, reason })),
  };
}
