/** A target's cells, share by share in guests of their own, as the host has room. */
import type { Gate } from './limits.ts';

export interface ShareWork<Share, Trouble> {
  /** @returns what no later share would be spared; null for none */
  readonly run: (share: Share) => Promise<Trouble | null>;
  /** In place of `run`, once there is such trouble. */
  readonly spare: (share: Share, trouble: Trouble) => void;
  /** How long it will take, in ms: the longest begin first. */
  readonly expectedMs?: (share: Share) => number;
}

/** @throws the first error of a share, when all have ended */
export async function runShares<Share, Trouble>(
  shares: readonly Share[],
  running: Gate,
  { run, spare, expectedMs }: ShareWork<Share, Trouble>,
): Promise<void> {
  let hopeless: Trouble | null = null;
  const one = async (share: Share): Promise<void> => {
    if (hopeless !== null) return spare(share, hopeless);
    const trouble = await run(share);
    hopeless ??= trouble;
  };
  const ended = await Promise.allSettled(shares.map((share) => running.hold(() => one(share), expectedMs?.(share))));
  const broken = ended.find((each) => each.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}
