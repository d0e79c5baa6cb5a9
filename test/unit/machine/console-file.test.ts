import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConsoleFile } from '../../../harness/machine/console-file.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mmapvet-test-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(chunks: readonly string[], cap: number): string {
  const path = join(folder, 'console.log');
  {
    using file = new ConsoleFile(path, cap);
    for (const chunk of chunks) file.write(chunk);
  }
  return readFileSync(path, 'latin1');
}

test('every byte is kept as it came, for nobody else to read', () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCodePoint(code)).join('');
  expect(written([bytes, 'x'], 10_000)).toBe(`${bytes}x`);
  expect(statSync(join(folder, 'console.log')).mode & 0o777).toBe(0o600);
});

test('a flood is cut, says so, and its end is kept', () => {
  const text = written(['head ', 'x'.repeat(3_000_000), ' tail'], 1000);
  expect(text.length).toBeLessThan(300_000);
  expect(text.startsWith('head xxx')).toBe(true);
  expect(text).toContain('[mmapvet: the console is cut here, after 1000 bytes]');
  expect(text).toMatch(/\[mmapvet: \d{7} bytes are left out; the last 262144 follow\]/);
  expect(text.endsWith('x tail')).toBe(true);
});

test('a disk that is full ends the file, not the run', () => {
  using file = new ConsoleFile('/dev/full');
  expect(() => file.write('lost')).not.toThrow();
  expect(() => file.write('lost too')).not.toThrow();
});
