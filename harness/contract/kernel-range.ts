/** Which kernel versions something is about: `7.2`, `7.2.13`, `7.1-7.2`, `7.2-`, `-7.2`. */

export interface KernelRange {
  readonly text: string;
  /** True for a version like `7.2.13-mmapvet`; what follows the numbers does not count. */
  readonly has: (version: string) => boolean;
}

const BOUND = String.raw`\d{1,4}(?:\.\d{1,4}){1,2}`;
const RANGE = new RegExp(`^(?:(${BOUND})|(${BOUND})? ?- ?(${BOUND})?)$`);

const numbersOf = (version: string): number[] => (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);

/** Compares no more numbers than the bound has: 7.2.13 is neither before nor after 7.2. */
function compare(version: string, bound: readonly number[]): number {
  const numbers = numbersOf(version);
  for (const [index, wanted] of bound.entries()) {
    const difference = (numbers[index] ?? 0) - wanted;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Both ends count: `7.1-7.2` has every 7.1.x and 7.2.x. @returns null for what is no range */
export function parseKernelRange(text: string): KernelRange | null {
  const match = RANGE.exec(text.trim());
  if (match === null) return null;
  const [, exact, from, to] = match;
  if (exact === undefined && from === undefined && to === undefined) return null;
  const least = exact ?? from;
  const most = exact ?? to;
  return {
    text,
    has: (version) =>
      /^\d+\.\d/.test(version) &&
      (least === undefined || compare(version, numbersOf(least)) >= 0) &&
      (most === undefined || compare(version, numbersOf(most)) <= 0),
  };
}
