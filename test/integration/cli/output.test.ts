import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';

const shell = (line: string) => run(['sh', '-c', line, process.execPath, join(PROJECT, 'harness/cli/main.ts')]);

test('a slow reader gets all of a long output: the process waits for its pipe', async () => {
  const slow = await shell(`"$0" "$1" explain '*' | (sleep 0.5; wc -c)`);
  const whole = await shell(`file=$(mktemp); "$0" "$1" explain '*' >"$file"; wc -c <"$file"; rm "$file"`);
  expect(Number(whole.stdout)).toBeGreaterThan(65_536);
  expect(slow.stdout).toBe(whole.stdout);
});

test('a reader that goes away gets no stack trace', async () => {
  const { stdout, stderr } = await shell(`"$0" "$1" explain '*' | head -1`);
  expect(stdout).toContain('A01');
  expect(stderr).toBe('');
});
