import { describe, expect, it } from 'vitest';
import { parseLog } from '../../../../harness/report/html/shared/log.ts';
import { drawPicture, partingOf } from '../../../../harness/report/html/shared/picture.ts';
import { addressScale } from '../../../../harness/report/html/shared/scale.ts';
import { barsOf } from '../../../../harness/report/html/shared/vmas.ts';
import { toMarkup } from '../../../../harness/report/html/markup.ts';

/** `mapped 4-8 @2 =-1`: pages 4 to 8, at page offset 2, returning -1. */
function log(...words: readonly string[]): string[] {
  return words.map((text, index) => {
    const [, type = '', from, to, pgoff = '0', ret] =
      /^(\S+)(?: (\d+)-(\d+))?(?: @(\d+))?(?: =(-?\d+))?$/.exec(text) ?? [];
    const address = (page: string): string => `0x${(0x7f0000000000 + Number(page) * 4096).toString(16)}`;
    const range = from === undefined || to === undefined ? '' : ` start=${address(from)} end=${address(to)}`;
    return `seq=${index + 1} type=${type} tid=7 tgid=7${range} pgoff=${pgoff}${ret === undefined ? '' : ` ret=${ret}`}`;
  });
}

/** `4-8 1..3`: pages, the event that began it, the one that ended it (`…` for none). */
const bars = (...words: readonly string[]): string[] =>
  barsOf(parseLog(log(...words))).map(({ start, end, from, to, kind, failed }) => {
    const page = (address: number): number => (address - 0x7f0000000000) / 4096;
    const state = `${kind === 'presumed' ? ' presumed' : ''}${failed ? ' failed' : ''}`;
    return `${page(start)}-${page(end)} ${from}..${to ?? ''}${state}`;
  });

describe('barsOf', () => {
  it('lets a VMA live from mapped to close', () => {
    expect(bars('prepare 4-8', 'mapped 4-8', 'fault 5-8', 'close 4-8', 'release')).toEqual(['4-8 1..3']);
  });

  it('keeps one that is never closed open', () => {
    expect(bars('prepare 4-8', 'mapped 4-8')).toEqual(['4-8 1..']);
  });

  it('lets a VMA grow where a prepare goes on in the file and no mapped comes', () => {
    expect(bars('prepare 4-8', 'mapped 4-8', 'prepare 8-10 @4', 'close 4-10')).toEqual(['4-8 1..2', '4-10 2..3']);
  });

  it('joins two neighbours', () => {
    expect(
      bars('prepare 4-6', 'mapped 4-6', 'prepare 8-10 @4', 'mapped 8-10 @4', 'prepare 6-8 @2', 'close 4-10'),
    ).toEqual(['4-6 1..4', '8-10 3..4', '4-10 4..5']);
  });

  it('only presumes a VMA where no neighbour goes on, and none where nothing happens to it later', () => {
    expect(bars('prepare 4-8', 'close 4-8')).toEqual(['4-8 0..1 presumed']);
    expect(bars('prepare 4-8', 'release')).toEqual([]);
    expect(bars('prepare 4-8 =-1', 'prepare 4-8', 'mapped 4-8', 'close 4-8')).toEqual(['4-8 2..3']);
  });

  it('splits at an open', () => {
    expect(bars('mapped 4-8', 'may-split 4-6', 'open 4-6', 'close 4-6', 'close 6-8 @2')).toEqual([
      '4-8 0..2',
      '4-6 2..3',
      '6-8 2..4',
    ]);
  });

  it('keeps the ends of a VMA whose middle is closed', () => {
    expect(bars('mapped 4-10', 'close 6-8 @2', 'close 4-6', 'close 8-10 @4')).toEqual([
      '4-10 0..1',
      '4-6 1..2',
      '6-8 1..1',
      '8-10 1..3',
    ]);
  });

  it('draws a copy at the same addresses as one more', () => {
    expect(bars('mapped 4-8', 'open 4-8', 'close 4-8', 'close 4-8')).toEqual(['4-8 0..3', '4-8 1..2']);
  });

  it('does not believe that a failed VMA stayed', () => {
    expect(bars('prepare 4-8', 'mapped 4-8 =-1', 'release')).toEqual(['4-8 1..2 failed']);
    expect(bars('prepare 4-8', 'mapped 4-8 =-1', 'close 4-8')).toEqual(['4-8 1..2 failed']);
  });
});

describe('addressScale', () => {
  it('puts higher addresses further up and folds what nothing is mapped to', () => {
    const scale = addressScale(parseLog(log('mapped 4-8', 'mapped 4000-4004')));
    const at = scale.ticks.map(({ y }) => y);
    expect(at).toEqual(at.toSorted((a, b) => b - a));
    expect(at[0]).toBe(scale.height);
    expect(scale.folds).toHaveLength(1);
    expect(scale.height).toBeLessThan(200);
  });

  it('has a place for an address within a range', () => {
    const scale = addressScale(parseLog(log('mapped 4-8')));
    const [low, high] = [0x7f0000000000 + 4 * 4096, 0x7f0000000000 + 8 * 4096];
    expect(scale.y((low + high) / 2)).toBe(scale.height / 2);
  });
});

describe('drawPicture', () => {
  it('names each event, and says what an error was', () => {
    const text = toMarkup(drawPicture(log('prepare 4-8', 'mapped 4-8 =-1', 'close 4-8', 'release')));
    for (const word of ['prepare', 'mapped', 'close', 'release', 'EPERM', '0x7f0000004000'])
      expect(text).toContain(word);
    expect(text).not.toContain('NaN');
  });

  it.each([[[]], [['']], [['nonsense']], [['type=mapped start=x end=y']], [['type=<b> start=0x1000 end=0x2000']]])(
    'takes %j for what it is',
    (lines) => {
      const text = toMarkup(drawPicture(lines));
      expect(text).not.toMatch(/NaN|Infinity|<b>/);
    },
  );
});

describe('partingOf', () => {
  it('finds the first event that differs in type or result, whatever the addresses', () => {
    expect(partingOf(log('prepare 4-8', 'mapped 4-8'), log('prepare 14-18', 'mapped 14-18'))).toBeNull();
    expect(partingOf(log('prepare 4-8', 'mapped 4-8'), log('prepare 4-8', 'mapped 4-8 =-1'))).toBe(1);
    expect(partingOf(log('prepare 4-8'), log('prepare 4-8', 'mapped 4-8'))).toBe(1);
  });
});
