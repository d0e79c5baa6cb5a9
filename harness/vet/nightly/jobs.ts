/** The cells of a matrix, each a run of its own: their names, their shares of several machines, the one of a day. Pure. */
import { usageError } from '../../core/errors.ts';
import type { Config } from '../../run/config.ts';
import { chooseTargets } from '../../run/plan.ts';

export interface Job {
  /** `7.3/arm64/base`: kernel, target, profile. Also its folder below the night's. */
  readonly id: string;
  readonly kernel: string;
  readonly target: string;
  readonly profile: string;
}

export const jobId = (kernel: string, target: string, profile: string): string => `${kernel}/${target}/${profile}`;

/** Each once, in the order of the matrix. */
export function jobsOf(config: Config): Job[] {
  const jobs = config.matrix.map(({ kernel, target: name, profile }) => {
    const target = chooseTargets([name])[0]!.name;
    return { id: jobId(kernel, target, profile), kernel, target, profile };
  });
  return [...new Map(jobs.map((job) => [job.id, job])).values()];
}

export interface Shard {
  /** Counts from 1. */
  readonly index: number;
  readonly count: number;
}

const MOST_SHARDS = 999;

/** `2/3`. @throws MmapvetError SHARD_BAD (usage) */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,3})\/(\d{1,3})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || count === undefined || index < 1 || index > count || count > MOST_SHARDS)
    throw usageError('SHARD_BAD', `"--shard ${text}" is no share.`, 'Write it like 2/3: the second of three.');
  return { index, count };
}

/**
 * The jobs of one shard: the longest first, each to the shard that has least so far. All shards must be given the same
 * jobs and weights, and then every job is in exactly one of them.
 * @param weights how long a job takes, in any one unit
 * @returns them in the order of `jobs`
 */
export function jobsOfShard<T extends Pick<Job, 'id'>>(
  jobs: readonly T[],
  weights: ReadonlyMap<string, number>,
  { index, count }: Shard,
): T[] {
  const loads = Array.from({ length: count }, () => 0);
  const mine = new Set<string>();
  const weightOf = (job: T): number => weights.get(job.id) ?? 0;
  const byWeight = jobs.toSorted((a, b) => weightOf(b) - weightOf(a) || (a.id < b.id ? -1 : 1));
  for (const job of byWeight) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += Math.max(1, weightOf(job));
    if (least === index - 1) mine.add(job.id);
  }
  return jobs.filter((job) => mine.has(job.id));
}

const DAY_MS = 24 * 3600 * 1000;

/** The job of a day, UTC: each in its turn, so that a matrix of n is seen whole in n days. Null for an empty matrix. */
export function jobOfDay<T>(jobs: readonly T[], date: Date): T | null {
  return jobs[Math.floor(date.getTime() / DAY_MS) % Math.max(1, jobs.length)] ?? null;
}
