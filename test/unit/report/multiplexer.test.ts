import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { createMultiplexer } from '../../../harness/report/multiplexer.ts';
import type { Reporter } from '../../../harness/report/reporter.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

const EVENTS: readonly Event[] = SCENARIOS['pass']?.() ?? [];

function counting(): Reporter & { seen: string[] } {
  const seen: string[] = [];
  return { seen, onEvent: (event) => void seen.push(event.kind), finish: () => void seen.push('finish') };
}

describe('createMultiplexer', () => {
  it('goes on without a reporter that throws, and names it', async () => {
    const good = counting();
    let tries = 0;
    const bad: Reporter = {
      onEvent() {
        tries += 1;
        throw new Error('no space');
      },
    };
    const late: Reporter = { onEvent: () => {}, finish: () => Promise.reject(new Error('gone')) };
    const all = createMultiplexer([
      { name: 'bad', reporter: bad },
      { name: 'late', reporter: late },
      { name: 'good', reporter: good },
    ]);
    for (const event of EVENTS) all.onEvent(event);
    const failures = await all.finish();
    expect(failures.map(({ name, error }) => `${name}: ${String(error)}`)).toEqual([
      'bad: Error: no space',
      'late: Error: gone',
    ]);
    expect(tries).toBe(1);
    expect(good.seen).toEqual([...EVENTS.map((event) => event.kind), 'finish']);
  });

  it('hands lines to the reporters that show lines', () => {
    const lines: string[] = [];
    const shows: Reporter = { onEvent: () => {}, log: (line) => void lines.push(line) };
    expect(createMultiplexer([{ name: 'a', reporter: counting() }]).log('x')).toBe(false);
    expect(createMultiplexer([{ name: 'b', reporter: shows }]).log('x')).toBe(true);
    expect(lines).toEqual(['x']);
  });
});
