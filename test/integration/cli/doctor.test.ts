import { afterEach, expect, it, vi } from 'vitest';
import { doctorCommand } from '../../../harness/cli/commands/doctor.ts';
import { enter, recordingScreen } from '../host/this-process.ts';
import { makeFakeHost } from '../scripts/fake-host.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const signal = new AbortController().signal;

it('exits with 2 and names the packages where tools are missing', async () => {
  await using host = await makeFakeHost();
  await enter(host);
  await host.program('apt-get', 'note apt-get');
  const { screen, out } = recordingScreen();
  expect(await doctorCommand([], { target: ['arm64'] }, { screen, signal })).toBe(2);
  expect(out()).toMatch(/✗ qemu-system-aarch64 .*\n.*apt-get install .* qemu-system-arm ipxe-qemu\n/);
  expect(out()).not.toContain('qemu-system-x86_64');
  expect(await host.calls()).toEqual([]);
});

it('--json is JSON and nothing else', async () => {
  await using host = await makeFakeHost();
  await enter(host);
  const { screen, out, err } = recordingScreen();
  await doctorCommand([], { json: true }, { screen, signal });
  expect(JSON.parse(out())).toMatchObject({ ok: false, findings: expect.any(Array) as unknown[] });
  expect(err()).toBe('');
});
