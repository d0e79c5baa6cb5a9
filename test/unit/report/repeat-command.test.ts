import { expect, it } from 'vitest';
import { repeatCommand } from '../../../harness/report/repeat-command.ts';

it.each([
  [['mmapvet', 'run'], 'mmapvet run --target arm64 --clause E02'],
  [[], 'mmapvet run --target arm64 --clause E02'],
  [
    ['mmapvet', 'run', '--patch', 'a b.mbox', '-j', '2'],
    "mmapvet run --patch 'a b.mbox' -j 2 --target arm64 --clause E02",
  ],
  [
    ['mmapvet', 'run', '-t', 'all', '--clause', 'F*', '-c', 'A01', '--arch=x86', '--json', '--reporter=list'],
    'mmapvet run --target arm64 --clause E02',
  ],
  [
    ['mmapvet', 'run', '--kernel', '../linux', '--reporter', 'junit=x', '--strict'],
    'mmapvet run --kernel ../linux --target arm64 --clause E02',
  ],
])('narrows %j to one cell', (command, expected) => {
  expect(repeatCommand(command, { clause: 'E02', path: 'direct', target: 'arm64' })).toBe(expected);
});
