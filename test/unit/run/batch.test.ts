import { describe, expect, test } from 'vitest';
import type { CellId } from '../../../harness/core/events.ts';
import { runningCell } from '../../../harness/run/batch.ts';

const E02: CellId = { clause: 'E02', path: 'direct', target: 'x86_64', profile: 'base' };
const A01: CellId = { ...E02, clause: 'A01' };
/** A console that is behind: the end of the second cell is still to come, and will not. */
const BEHIND = [
  '[ 4.04] mmapvet: begin A01.direct',
  '[ 4.07] mmapvet: end A01.direct',
  '[ 4.07] mmapvet: begin E02.direct',
];

describe('which cell a guest took with it', () => {
  test('the one that the console has open', () => {
    expect(runningCell({ transcript: null, lines: BEHIND }, [E02])?.cell).toBe('E02.direct');
  });

  test('none, where that cell has its verdict already', () => {
    expect(runningCell({ transcript: null, lines: BEHIND }, [])).toBeNull();
    expect(runningCell({ transcript: null, lines: BEHIND }, [A01, { ...E02, path: 'W1' }])).toBeNull();
  });

  test('none, where the console says so', () => {
    expect(runningCell({ transcript: null, lines: BEHIND.slice(0, 2) }, [A01, E02])).toBeNull();
  });
});
