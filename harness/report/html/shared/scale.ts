/** Addresses as heights. Ranges keep their proportion as far as it can be read; what lies between them is folded up. */
import { hasRange, type LogEvent } from './log.ts';

export interface AddressScale {
  readonly height: number;
  /** Higher addresses are further up. */
  readonly y: (address: number) => number;
  /** Lowest first, each with its place. */
  readonly ticks: readonly { readonly address: number; readonly y: number }[];
  /** Stretches that nothing was ever mapped to, and that are shown shorter than they are. */
  readonly folds: readonly { readonly top: number; readonly bottom: number }[];
}

const UNIT = 15;
const MOST_UNITS = 4;
const FOLD = 24;
/** A picture of few addresses has bars high enough to be read. */
const LEAST_HEIGHT = 96;

export function addressScale(events: readonly LogEvent[]): AddressScale {
  const ranges = events.filter(hasRange);
  // May-split's end is the address of the cut; a fault's start is an address within its VMA.
  const addresses = [...new Set(ranges.flatMap((event) => [event.start, event.end]))].toSorted((a, b) => a - b);
  const segments = addresses.slice(1).map((end, index) => {
    const start = addresses[index] ?? end;
    const used = ranges.some((event) => event.start <= start && event.end >= end);
    return { start, end, used };
  });
  const unit = Math.min(...segments.filter(({ used }) => used).map(({ start, end }) => end - start));
  const heights = segments.map(({ start, end, used }) =>
    used || end - start <= 2 * unit ? UNIT * Math.min(MOST_UNITS, Math.max(1, (end - start) / unit)) : FOLD,
  );
  const plain = heights.reduce((sum, each) => sum + each, 0);
  const grow = plain === 0 ? 1 : Math.min(3, Math.max(1, LEAST_HEIGHT / plain));
  const height = plain * grow;
  const places: number[] = [height];
  for (const each of heights) places.push((places.at(-1) ?? 0) - each * grow);
  const y = (address: number): number => {
    const exact = addresses.indexOf(address);
    if (exact >= 0) return places[exact] ?? 0;
    const above = addresses.findIndex((each) => each > address);
    if (above <= 0) return above === 0 ? height : 0;
    const [low = 0, high = 1] = [addresses[above - 1], addresses[above]];
    const [bottom = 0, top = 0] = [places[above - 1], places[above]];
    return bottom + ((top - bottom) * (address - low)) / (high - low);
  };
  return {
    height,
    y,
    ticks: addresses.map((address, index) => ({ address, y: places[index] ?? 0 })),
    folds: segments.flatMap(({ start, end, used }, index) =>
      !used && end - start > 2 * unit ? [{ top: places[index + 1] ?? 0, bottom: places[index] ?? 0 }] : [],
    ),
  };
}
