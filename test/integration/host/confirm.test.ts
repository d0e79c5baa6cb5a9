import { execa } from 'execa';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';

const PROGRAM = join(PROJECT, 'test/fixtures/programs/confirm.ts');
const ENV = { CI: '', NO_COLOR: '1' };

describe('on a terminal', () => {
  const onTerminal = async (input: string, env: Readonly<Record<string, string>> = {}) => {
    const command = `'${process.execPath}' '${PROGRAM}'`;
    return (await execa('script', ['-qec', command, '/dev/null'], { input, env: { ...ENV, ...env } })).stdout;
  };

  it.each([
    ['\n', true],
    ['y\n', true],
    ['Yes\n', true],
    ['n\n', false],
    ['what?\n', false],
  ])('%j is %s', async (typed, understood) => {
    const said = await onTerminal(typed);
    expect(said).toContain('Go on? [Y/n]');
    expect(said).toContain(`understood ${understood}`);
  });

  it('nobody is asked under CI', async () => {
    const said = await onTerminal('n\n', { CI: 'true' });
    expect(said).not.toContain('Go on?');
    expect(said).toContain('understood true');
  });
});

it('nobody is asked without a terminal', async () => {
  const { stdout, stderr } = await execa(process.execPath, [PROGRAM], { input: 'n\n', env: ENV });
  expect({ stdout, stderr }).toEqual({ stdout: 'understood true', stderr: '' });
});
