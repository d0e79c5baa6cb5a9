import { describe, expect, test } from 'vitest';
import { cellsFor, findClauses } from '../../../harness/contract/catalogue.ts';
import { findRecorded, readRecorded, type Recorded, type RecordedEntry } from '../../../harness/contract/recorded.ts';
import { MmapvetError } from '../../../harness/core/errors.ts';

describe('recorded.json', () => {
  const recorded = readRecorded();
  const cells = cellsFor(findClauses([])).filter(({ clause }) => clause.class === 'X');

  test('has each cell of each X clause, and no other', () => {
    expect(Object.keys(recorded.cells).toSorted()).toEqual(
      cells.map(({ clause, path }) => `${clause.id}.${path}`).toSorted(),
    );
  });

  test('names kernel, file and line, and what at least one observer saw', () => {
    for (const entry of Object.values(recorded.cells).flat()) {
      expect(entry.kernel).toMatch(/^\d+\.\d+/);
      expect(entry.source).toMatch(/^(?:fs|include|mm|arch|drivers|kernel)\/[\w/.-]+:\d+ \w+$/);
      expect(entry.driver.length + entry.user.length).toBeGreaterThan(0);
    }
  });

  test('holds nothing that differs from run to run', () => {
    const lines = Object.values(recorded.cells).flatMap((entries) => entries.flatMap((e) => [...e.driver, ...e.user]));
    expect(lines.filter((line) => /0x[\da-f]{4,}|\b\d{4,}\b/.test(line))).toEqual([]);
  });
});

const entry = (text: string, more: Partial<RecordedEntry> = {}): RecordedEntry => ({
  kernel: '7.3.4',
  source: 'mm/util.c:1 f',
  driver: [text],
  user: [],
  ...more,
});

test('the most particular entry counts', () => {
  const recorded: Recorded = {
    version: 1,
    cells: {
      'E08.direct': [
        entry('all'),
        entry('arm', { target: 'arm64' }),
        entry('old', { kernels: '-7.2' }),
        entry('old arm', { kernels: '-7.2', target: 'arm64' }),
      ],
    },
  };
  const find = (target: string, version: string) => findRecorded(recorded, 'E08.direct', target, version)?.driver[0];
  expect(find('x86_64', '7.3.4')).toBe('all');
  expect(find('arm64', '7.3.4')).toBe('arm');
  expect(find('arm64-16k', '7.3.4')).toBe('arm');
  expect(find('x86_64', '7.2.13-mmapvet')).toBe('old');
  expect(find('arm64', '7.2.13-mmapvet')).toBe('old arm');
  expect(findRecorded(recorded, 'E08.W1', 'x86_64', '7.3.4')).toBeNull();
});

test('a file that is none is said', () => {
  expect(() => readRecorded('/no/such/file')).toThrow(MmapvetError);
});
