/** A yes-or-no question, put only where a person sits. */
import { createInterface } from 'node:readline/promises';
import type { Screen } from '../core/screen.ts';

/**
 * True for yes or a plain Enter; false for anything else, and when the input ends. Without a terminal, or under CI, it
 * is true without a question. @throws the abort reason.
 */
export async function confirm(screen: Screen, question: string, signal?: AbortSignal): Promise<boolean> {
  if (!screen.live || !process.stdin.isTTY) return true;
  screen.err(`${question} [Y/n] `);
  const lines = createInterface({ input: process.stdin });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve('no'));
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    return /^(y|yes)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
