import { expect, test } from 'vitest';
import { sessionCommand, unloadCommand, type SessionWords } from '../../../harness/run/session-command.ts';

const WORDS: SessionWords = {
  cells: [{ clause: 'E02', path: 'W1', target: 'x86_64', profile: 'base' }],
  own: null,
  seconds: 10,
  seed: null,
  lie: 0,
  coverage: false,
  keep: false,
};

test('a driver that init has not loaded is loaded, the probes run, and it is unloaded', () => {
  expect(sessionCommand(WORDS)).toMatch(
    /^\{ test -d \/sys\/module\/mmapvet \|\| insmod \S+\.ko; \} \|\| exit 101; \S+\/mmapvet-probes --timeout 10 E02\.W1; code=\$\?; .*rmmod mmapvet .*; exit \$code$/,
  );
});

test('what is asked for beside that', () => {
  const command = sessionCommand({ ...WORDS, seed: 7, lie: 3, coverage: true });
  expect(command).toContain('; echo 3 > /sys/module/mmapvet/parameters/lie; ');
  expect(command).toMatch(/ --timeout 10 --seed 7 --coverage \/tmp\/\S+ E02\.W1;/);
});

test('a guest that is kept is asked to unload later', () => {
  expect(sessionCommand({ ...WORDS, keep: true })).toMatch(/; code=\$\?; exit \$code$/);
  expect(unloadCommand()).toMatch(/^code=0; .*rmmod mmapvet/);
});
