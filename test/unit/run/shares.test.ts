import { describe, expect, test } from 'vitest';
import { Gate } from '../../../harness/run/limits.ts';
import { runShares } from '../../../harness/run/shares.ts';

/** Runs shares and says what became of each. */
async function run(shares: readonly string[], troubleOf: (share: string) => string | null, places = 1) {
  const seen: string[] = [];
  await runShares<string, string>(shares, new Gate(places), {
    run: async (share) => {
      seen.push(share);
      return Promise.resolve(troubleOf(share));
    },
    spare: (share, trouble) => void seen.push(`${share} spared: ${trouble}`),
  });
  return seen;
}

describe('runShares', () => {
  test('runs all while there is hope', async () => {
    expect(await run(['a', 'b', 'c'], () => null)).toEqual(['a', 'b', 'c']);
  });

  test('spares those that have not begun when one was hopeless', async () => {
    expect(await run(['a', 'b', 'c'], (share) => (share === 'b' ? 'no boot' : null))).toEqual([
      'a',
      'b',
      'c spared: no boot',
    ]);
  });

  test('one that ends well beside it does not bring hope back', async () => {
    const slow = Promise.withResolvers<void>();
    const seen: string[] = [];
    const done = runShares<string, string>(['slow', 'bad', 'late'], new Gate(2), {
      run: async (share) => {
        seen.push(share);
        if (share === 'slow') await slow.promise;
        return share === 'bad' ? 'no boot' : null;
      },
      spare: (share) => {
        seen.push(`${share} spared`);
        slow.resolve();
      },
    });
    await done;
    expect(seen).toEqual(['slow', 'bad', 'late spared']);
  });

  test('the longest begin first, once there is a queue', async () => {
    const seen: number[] = [];
    await runShares<number, never>([1, 3, 2, 4], new Gate(1), {
      run: async (share) => {
        seen.push(share);
        return Promise.resolve(null);
      },
      spare: () => {},
      expectedMs: (share) => share,
    });
    expect(seen).toEqual([1, 4, 3, 2]);
  });

  test('an error of one is told when all have ended', async () => {
    const seen: string[] = [];
    const done = runShares<string, never>(['a', 'b'], new Gate(1), {
      run: async (share) => {
        seen.push(share);
        if (share === 'a') throw new Error('broken');
        return Promise.resolve(null);
      },
      spare: () => {},
    });
    await expect(done).rejects.toThrow('broken');
    expect(seen).toEqual(['a', 'b']);
  });
});
