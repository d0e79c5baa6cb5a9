import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConsoleScanner } from '../../../harness/probe/scanner.ts';

const CONSOLES = join(import.meta.dirname, '../../golden/consoles');
const BODIES = readdirSync(CONSOLES).map((name) => {
  const bytes = readFileSync(join(CONSOLES, name));
  return bytes.subarray(bytes.indexOf('\n---\n') + 5);
});
const LINES = BODIES.flatMap((body) => body.toString('latin1').split('\n'));

function scan(pieces: Iterable<Uint8Array>) {
  const scanner = createConsoleScanner();
  for (const piece of pieces) scanner.push(piece);
  return scanner.end();
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, n) => bytes.subarray(places[n], end));
}

/** Lines of real splats in any order, whole or cut, with noise between them. */
const mixture = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...LINES) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...LINES).chain((line) => fc.nat(line.length).map((at) => line.slice(at))),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\0\0\0', '\u001b[31m\u001b[K', '\r', 'x'.repeat(5000), '['.repeat(500)),
      },
    ),
    { maxLength: 80 },
  )
  .map((lines) => Buffer.from(lines.join('\n'), 'utf8'));

describe('createConsoleScanner', () => {
  it.each(BODIES.map((body, n) => [readdirSync(CONSOLES)[n] ?? '', body] as const))(
    '%s: any cut is the same',
    (_name, body) => {
      const whole = scan([body]);
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
          expect(scan(cutAt(body, cuts))).toEqual(whole);
        }),
        { numRuns: 10 },
      );
      expect(scan(Array.from(body, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    },
  );

  it('takes any bytes, cut anywhere', () => {
    fc.assert(
      fc.property(mixture, fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) => {
        expect(scan(cutAt(bytes, cuts))).toEqual(scan([bytes]));
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => void scan([bytes])));
  });

  it('keeps no more than it says', () => {
    fc.assert(
      fc.property(mixture, (bytes) => {
        const { faults } = scan(Array.from({ length: 50 }, () => bytes));
        expect(faults.length).toBeLessThanOrEqual(64);
        for (const fault of faults) {
          expect(fault.lines.length).toBeLessThanOrEqual(402);
          for (const line of fault.lines) expect(line.length).toBeLessThanOrEqual(400);
          expect(fault.title.length).toBeLessThanOrEqual(500);
          // eslint-disable-next-line no-control-regex
          expect(`${fault.title}${fault.lines.join('')}`).not.toMatch(/[\0-\x1f\x7f]/);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('reads a line of a megabyte as its beginning', () => {
    const long = Buffer.from(`BUG: Bad rss-counter state mm:1 type:MM_FILEPAGES val:1 ${'x'.repeat(1 << 20)}\nnext\n`);
    const { faults } = scan(cutAt(long, [70_000, 140_000, 900_000]));
    expect(faults.map((fault) => fault.title)).toEqual(['Bad rss-counter state']);
    expect(scan([Buffer.alloc(1 << 20, 0x5b), long]).faults).toHaveLength(0);
  });

  it('counts lines from 1', () => {
    const text = `${'noise\n'.repeat(1234)}Out of memory: Killed process 7 (sh) total-vm:1kB\n`;
    expect(scan([Buffer.from(text)]).faults[0]?.line).toBe(1235);
  });

  it('reads a flood of reports no further than its first ones', () => {
    const flood = Array.from({ length: 20_000 }, (_, n) => `[${n}.000001] BUG: number ${n}`);
    const { faults, lost } = scan([
      Buffer.from([...flood, 'Out of memory: Killed process 7 (sh) total-vm:1kB'].join('\n')),
    ]);
    expect(faults.map((fault) => fault.title)).toEqual([
      'BUG: number 0',
      'BUG: number 1',
      'BUG: number 2',
      'BUG: number 3',
    ]);
    expect(lost).toBe(5000);
    // But what ends the kernel is never overlooked.
    const end = scan([Buffer.from([...flood, 'Kernel panic - not syncing: at last'].join('\n'))]);
    expect(end.faults.at(-1)?.title).toBe('panic: at last');
  });
});
