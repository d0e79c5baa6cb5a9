import { expect, test } from 'vitest';
import { kernelCommandLine, qemuCommand } from '../../../harness/machine/argv.ts';
import { kvmCanServe, machineFor, type MachineData } from '../../../harness/machine/machine.ts';
import { PROFILES, TARGETS } from '../../../harness/core/arch.ts';

const FILES = { kernel: '/k/vmlinux', initrd: '/i/initrd', sockets: '/s', ram: null };
const SETTINGS = { accel: 'tcg', sshPort: 2022, kernelArgs: ['quiet'], qemuArgs: ['-d', 'int'], gdb: false } as const;

const after = (command: readonly string[], flag: string): string | undefined => command[command.indexOf(flag) + 1];

test.each(TARGETS.map((target) => target.name))(
  '%s: the machine version is pinned and the guest is shut off',
  (name) => {
    const command = qemuCommand(machineFor(name), FILES, SETTINGS);
    expect(after(command, '-machine')).toMatch(/-\d+\.\d+/);
    expect(command).toEqual(expect.arrayContaining(['-no-reboot', '-S', '-nodefaults', '-no-user-config']));
    expect(after(command, '-netdev')).toBe('user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2022-:22');
    expect(command.slice(-2)).toEqual(['-d', 'int']);
  },
);

test("a comma in a path does not end QEMU's option value", () => {
  const command = qemuCommand(machineFor('arm64'), { ...FILES, sockets: '/s/a,b' }, SETTINGS);
  expect(command).toContain('socket,id=console,path=/s/a,,b/console');
});

test('every target has a machine, whose console the kernel is told of', () => {
  for (const { name } of TARGETS) {
    const machine = machineFor(name);
    expect(kernelCommandLine(machine, ['x=1'])).toMatch(new RegExp(`^console=${machine.console} .* x=1$`));
  }
});

test('a kernel of a profile gets the machine that it needs', () => {
  const [profile] = ['users'].map((name) => PROFILES.find((each) => each.name === name)!);
  const words = (machine: MachineData): (string | undefined)[] =>
    ['-machine', '-m'].map((flag) => after(qemuCommand(machine, FILES, SETTINGS), flag));
  expect(words(machineFor('x86_64'))).toEqual(['pc-q35-7.2,usb=off,vmport=off,hpet=off', '512']);
  expect(words(machineFor('x86_64', profile))).toEqual(['pc-q35-7.2,usb=off,vmport=off,hpet=on', '512']);
  expect(machineFor('arm64', profile)).toEqual(machineFor('arm64'));
  expect(machineFor('arm64-64k').target).toBe('arm64-64k');
});

test('what differs beside a fragment names one that a profile has', () => {
  const known = PROFILES.flatMap((profile) => profile.fragments);
  const beside = TARGETS.flatMap((target) => Object.keys({ ...machineFor(target.name).beside, ...target.beside }));
  expect(beside.length).toBeGreaterThan(0);
  expect(known).toEqual(expect.arrayContaining(beside));
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
