import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_CONFIG } from '../../../harness/run/config.ts';
import { jobOfDay, jobsOf, jobsOfShard, parseShard } from '../../../harness/vet/nightly/jobs.ts';

describe('the jobs of a matrix', () => {
  it('are each there once, by the name of their target', () => {
    const matrix = [
      { kernel: '7.3', target: 'x86_64', profile: 'base' },
      { kernel: '7.3', target: 'aarch64', profile: 'base' },
      { kernel: '7.3', target: 'x86', profile: 'base' },
    ];
    expect(jobsOf({ ...NO_CONFIG, matrix }).map(({ id }) => id)).toEqual(['7.3/x86_64/base', '7.3/arm64/base']);
  });
});

describe('--shard', () => {
  it.each(['0/2', '3/2', '1', 'a/b', '1/0', '1/1000', ' 1/2', ''])('refuses "%s"', (text) => {
    expect(() => parseShard(text)).toThrow(`"--shard ${text}" is no share.`);
  });

  it('gives each job to exactly one shard, whatever the weights', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { maxLength: 40 }),
        fc.array(fc.nat(10_000_000)),
        fc.integer({ min: 1, max: 7 }),
        (ids, numbers, count) => {
          const jobs = ids.map((id) => ({ id }));
          const weights = new Map(ids.map((id, index) => [id, numbers[index] ?? 0] as const));
          const shares = Array.from({ length: count }, (_, index) =>
            jobsOfShard(jobs, weights, { index: index + 1, count }).map(({ id }) => id),
          );
          expect(shares.flat().toSorted()).toEqual(ids.toSorted());
          // No shard has more than one job more than it had to: the lightest of it would not be there else.
          const load = (share: readonly string[]) =>
            share.reduce((sum, id) => sum + Math.max(1, weights.get(id) ?? 0), 0);
          const least = Math.min(...shares.map(load));
          for (const share of shares)
            expect(
              load(share) - Math.min(...share.map((id) => Math.max(1, weights.get(id) ?? 0)), load(share)),
            ).toBeLessThanOrEqual(least);
        },
      ),
    );
  });

  it('puts the longest apart, and keeps the order of the matrix', () => {
    const jobs = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
    const weights = new Map([
      ['a', 10],
      ['b', 60],
      ['c', 10],
      ['d', 50],
    ]);
    const share = (index: number) => jobsOfShard(jobs, weights, { index, count: 2 }).map(({ id }) => id);
    expect([share(1), share(2)]).toEqual([
      ['b', 'c'],
      ['a', 'd'],
    ]);
  });
});

describe('the job of a day', () => {
  const jobs = ['a', 'b', 'c'];
  const on = (text: string) => jobOfDay(jobs, new Date(text));

  it('is the same all day, UTC, and the next one the day after; all in as many days', () => {
    expect(on('2026-11-26T00:00:00Z')).toBe(on('2026-11-26T23:59:59Z'));
    const days = ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02'].map((day) => on(`${day}T12:00:00Z`));
    expect(new Set(days.slice(0, 3))).toEqual(new Set(jobs));
    expect(days[3]).toBe(days[0]);
  });

  it('is none of an empty matrix', () => {
    expect(jobOfDay([], new Date())).toBeNull();
  });
});
