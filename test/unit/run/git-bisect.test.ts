import { expect, test } from 'vitest';
import type { EventBody } from '../../../harness/core/events.ts';
import { gitBisectCode, gitBisectStop } from '../../../harness/run/git-bisect.ts';

const note = (code: string, level: 'error' | 'warning' = 'error'): EventBody => ({
  kind: 'note',
  target: 'x86_64',
  level,
  text: '',
  code,
});

test.each<[string, number, EventBody[], number]>([
  ['good', 0, [], 0],
  ['bad', 1, [], 1],
  ['bad, beside trouble', 1, [note('NO_SPACE')], 1],
  ['vacuous or not applicable', 2, [], 125],
  ['does not build', 2, [note('BUILD_FAILED')], 125],
  ['died without a word', 2, [note('GUEST_LOST')], 125],
  ['a full disk', 2, [note('NO_SPACE')], 255],
  ['a full disk and a kernel that does not build', 2, [note('BUILD_FAILED'), note('NO_SPACE')], 255],
  ['only a warning', 2, [note('SNAPSHOT_UNSAVED', 'warning')], 125],
  ['interrupted', 130, [], 255],
  ['wrong usage', 64, [], 255],
])('%s', (_, code, events, expected) => {
  expect(gitBisectCode(code, events)).toBe(expected);
});

test('what never came to a run makes git stop, and other runs keep their codes', () => {
  const asked = ['run', '--git-bisect'];
  expect([0, 1, 125, 2, 64, 130, 255].map((code) => gitBisectStop(asked, code))).toEqual([
    0, 1, 125, 255, 255, 255, 255,
  ]);
  expect([0, 1, 2, 64, 130].map((code) => gitBisectStop(['run'], code))).toEqual([0, 1, 2, 64, 130]);
});
