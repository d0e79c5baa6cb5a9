import { expect, test } from 'vitest';
import { kernelCommandLine, qemuCommand } from '../../../harness/machine/argv.ts';
import { kvmCanServe, machineFor } from '../../../harness/machine/machine.ts';
import { TARGETS } from '../../../harness/core/arch.ts';

const FILES = { kernel: '/k/vmlinux', initrd: '/i/initrd', sockets: '/s', console: '/run/a,b/console.log', ram: null };
const SETTINGS = { accel: 'tcg', sshPort: 2022, kernelArgs: ['quiet'], qemuArgs: ['-d', 'int'] } as const;

const after = (command: readonly string[], flag: string): string | undefined => command[command.indexOf(flag) + 1];

test.each(TARGETS.map((target) => target.name))(
  '%s: the machine version is pinned and the guest is shut off',
  (name) => {
    const command = qemuCommand(machineFor(name), FILES, SETTINGS);
    expect(after(command, '-machine')).toMatch(/-\d+\.\d+/);
    expect(command).toEqual(expect.arrayContaining(['-no-reboot', '-S', '-nodefaults', '-no-user-config']));
    expect(after(command, '-netdev')).toBe('user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2022-:22');
    expect(after(command, '-m')).toBe('512');
    expect(command.slice(-2)).toEqual(['-d', 'int']);
  },
);

test("a comma in a path does not end QEMU's option value", () => {
  const command = qemuCommand(machineFor('arm64'), FILES, SETTINGS);
  expect(command.find((word) => word.includes('logfile='))).toContain('logfile=/run/a,,b/console.log');
});

test('every target has a machine, whose console the kernel is told of', () => {
  for (const { name } of TARGETS) {
    const machine = machineFor(name);
    expect(kernelCommandLine(machine, ['x=1'])).toMatch(new RegExp(`^console=${machine.console} .* x=1$`));
  }
});

test('kvm serves only guests of the host architecture', () => {
  const [x86, arm] = TARGETS.map((target) => target.arch);
  expect(kvmCanServe(x86!, 'x64')).toBe(true);
  expect(kvmCanServe(arm!, 'x64')).toBe(false);
  expect(kvmCanServe(arm!, 'arm64')).toBe(true);
});

test('memory in a file: shared to be saved, private to be restored', () => {
  const command = (use: 'save' | 'restore') =>
    qemuCommand(machineFor('arm64'), { ...FILES, ram: { file: '/s/a,b/ram', use } }, SETTINGS);
  const save = command('save');
  expect(save[save.indexOf('-machine') + 1]).toMatch(/^virt.*,memory-backend=ram$/);
  expect(save).toContain('memory-backend-file,id=ram,size=512M,mem-path=/s/a,,b/ram,share=on');
  expect(save).not.toContain('-incoming');
  const restore = command('restore');
  expect(restore).toContain('memory-backend-file,id=ram,size=512M,mem-path=/s/a,,b/ram,share=off');
  expect(restore.slice(restore.indexOf('-incoming'))).toContain('defer');
});
