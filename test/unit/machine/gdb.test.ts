import { expect, test } from 'vitest';
import { gdbLine, parseSections } from '../../../harness/machine/gdb.ts';
import { qemuCommand } from '../../../harness/machine/argv.ts';
import { machineFor } from '../../../harness/machine/machine.ts';

const SAID = `.bss 0xffffffffc0206000
.data 0xffffffffc0204000
.init.text 0xffffffffc0300000
.text 0xffffffffc0200000
.text.unlikely 0xffffffffc0202f00
.exit.text 0x0
`;

test('sections that stay, with addresses that are told', () => {
  expect(parseSections(SAID).map(({ name }) => name)).toEqual(['.bss', '.data', '.text', '.text.unlikely']);
});

test.each([
  ".text 0x1' -ex 'shell id",
  '.text; id 0x1',
  '.text $(id)',
  '.text 0x12345678901234567',
  `.${'a'.repeat(99)} 0x1`,
])('nothing of a guest that lies reaches the line: %s', (line) => expect(parseSections(line)).toEqual([]));

const PLACES = { program: 'gdb-multiarch', vmlinux: '/c/vmlinux', module: '/c/mmapvet.ko', socket: '/tmp/s/gdb' };

test('one line for a shell: the stub, then the driver where it lies', () => {
  expect(gdbLine({ ...PLACES, sections: parseSections(SAID) })).toBe(
    "gdb-multiarch -q -ex 'set confirm off' -ex 'target remote /tmp/s/gdb' -ex " +
      "'add-symbol-file /c/mmapvet.ko 0xffffffffc0200000 -s .bss 0xffffffffc0206000 -s .data 0xffffffffc0204000 " +
      "-s .text.unlikely 0xffffffffc0202f00' /c/vmlinux",
  );
  expect(gdbLine({ ...PLACES, sections: [] })).not.toContain('add-symbol-file');
});

test('the stub is a socket of ours, and the kernel stays where its symbols are', () => {
  const files = { kernel: '/k', initrd: '/i', sockets: '/tmp/a,b', console: '/c', ram: null };
  const command = (gdb: boolean) =>
    qemuCommand(machineFor('arm64'), files, { accel: 'tcg', sshPort: 1, kernelArgs: [], qemuArgs: [], gdb });
  expect(command(true)).toContain('unix:/tmp/a,,b/gdb,server=on,wait=off');
  expect(command(true).join(' ')).toContain(' nokaslr');
  expect(command(false).join(' ')).not.toMatch(/gdb|nokaslr/);
});
