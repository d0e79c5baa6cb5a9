/** A night from the matrix of a config file: every package pinned to a version, every cell with what it took before. */
import type { Config, NamedKernel } from '../../run/config.ts';
import { chooseDebianSource, sourceArchive } from '../../kernel/debian.ts';
import { parseKernelSpec } from '../../kernel/spec.ts';
import { usageError } from '../../core/errors.ts';
import { jobsOf, type Job } from './jobs.ts';
import { cellResults, NIGHT_VERSION, nightsBefore, type Night, type PinnedKernel } from './night.ts';

export interface NightPlanOptions {
  readonly tool: string;
  /** Of the night. */
  readonly folder: string;
  /** That the matrix comes from. */
  readonly file: string;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

/** A cell that nobody has timed: a cold build on two cores, and its guests. */
const GUESS_MS = 20 * 60_000;

/** @throws MmapvetError NIGHT_NO_MATRIX (usage); KERNEL_NO_PACKAGE and as PrivateApt.update */
export async function planNight(config: Config, options: NightPlanOptions): Promise<Night> {
  const jobs = jobsOf(config);
  if (jobs.length === 0)
    throw usageError('NIGHT_NO_MATRIX', `"${options.file}" has no matrix.`, 'Add one: see docs/config.md.');
  const kernels: Record<string, PinnedKernel> = {};
  for (const name of new Set(jobs.map((job) => job.kernel)))
    // oxlint-disable-next-line no-await-in-loop -- one apt at a time
    kernels[name] = await pin(config.kernels.get(name)!, options);
  const at = new Date().toISOString();
  const earlier = nightsBefore(options.folder, at);
  return {
    version: NIGHT_VERSION,
    tool: options.tool,
    at,
    config: options.file,
    kernels,
    jobs: jobs.map((job) => ({ ...job, weightMs: lastDuration(job, earlier) ?? GUESS_MS })),
  };
}

async function pin({ source, patches, range }: NamedKernel, options: NightPlanOptions): Promise<PinnedKernel> {
  const rest = { patches: [...patches], range: range ?? null };
  const spec = parseKernelSpec(source, process.cwd());
  if (spec.kind !== 'deb' || spec.version !== null) return { source, ...rest };
  const found = await chooseDebianSource(sourceArchive(options.signal, options.note), spec.name, options.note);
  return { source: `deb:${found.name}=${found.version}`, ...rest };
}

function lastDuration(job: Job, nights: readonly string[]): number | undefined {
  for (const night of nights) {
    const results = cellResults(night, job);
    if (results !== null) return results.durationMs;
  }
  return undefined;
}

/** What `mmapvet run` is given for a cell. */
export function runWords(night: Night, job: Job, output: string): string[] {
  const { source, patches, range } = night.kernels[job.kernel]!;
  const patched = [...patches.flatMap((patch) => ['--patch', patch]), ...(range === null ? [] : ['--range', range])];
  const where = ['--target', job.target, '--profile', job.profile, '--output', output];
  return ['run', '--yes', '--config', night.config, '--kernel', source, ...patched, ...where];
}
