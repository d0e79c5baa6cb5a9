import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCommand } from '../../../harness/cli/commands/parse.ts';
import { enter, recordingScreen } from '../host/this-process.ts';
import { makeFakeHost } from '../scripts/fake-host.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/consoles/warning-panic-on-warn-x86_64.txt');
const { signal } = new AbortController();
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-parse-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function consoleFile(): Promise<string> {
  const file = join(folder, 'console.log');
  await writeFile(file, (await readFile(GOLDEN, 'utf8')).split('\n---\n')[1] ?? '');
  return file;
}

/** The first bytes of an ELF file for x86_64: all that is read of it here. */
async function elfFile(name: string): Promise<string> {
  const header = Buffer.alloc(64);
  header.write('\u007fELF', 'latin1');
  header.writeUInt16LE(62, 18);
  await writeFile(join(folder, name), header);
  return join(folder, name);
}

describe('mmapvet parse', () => {
  it('--json prints the faults, causes first, and exits with 1', async () => {
    const { screen, out } = recordingScreen();
    expect(await parseCommand([await consoleFile()], { json: true }, { screen, signal })).toBe(1);
    const { version, faults } = JSON.parse(out()) as { version: number; faults: Record<string, unknown>[] };
    expect(version).toBe(1);
    expect(Object.keys(faults[0] ?? {})).toEqual(
      'class title function cpu task line corrupted panicked frames'.split(' '),
    );
    expect(faults).toMatchObject([
      { class: 'warning', function: 'vma_merge_existing_range', cpu: 1, line: 1, corrupted: false, panicked: true },
      { class: 'panic', title: 'panic: kernel: panic_on_warn set', panicked: true },
    ]);
  });

  it('looks up file and line in --vmlinux', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await host.program(
      'objdump',
      `printf 'ffffffff81001000 l     F .text\\t%016x vma_merge_existing_range\\n' 2464
       printf 'ffffffff81f00000 g     F .init.text\\t%016x start_kernel\\n' 2000`,
    );
    await host.program(
      'addr2line',
      `while read -r address; do
         printf '0x%016x\\n' 1
         case $address in
         # The instruction pointer as it is, a return address less one.
         0xffffffff8100110f) printf 'vma_is_fine\\n/b/linux/mm/vma.h:12\\nvma_merge_existing_range\\n/b/linux/mm/vma.c:2101\\n' ;;
         0xffffffff81f00000) printf 'start_kernel\\n/b/linux/init/main.c:978\\n' ;;
         *) printf '??\\n??:0\\n' ;;
         esac
       done`,
    );
    const { screen, out } = recordingScreen();
    const values = { vmlinux: await elfFile('vmlinux') };
    expect(await parseCommand([await consoleFile()], values, { screen, signal })).toBe(1);
    expect(out()).toContain(
      [
        'console.log:1: warning: WARNING in vma_merge_existing_range',
        '    CPU 1, task mmapvet-probes/71; the kernel panicked',
        '    in vma_is_fine  mm/vma.h:12 (inlined)',
        '    by vma_merge_existing_range  mm/vma.c:2101',
        '    by vma_modify+0x4b',
      ].join('\n'),
    );
  });

  it('exits with 0 where there is no fault', async () => {
    await writeFile(join(folder, 'quiet'), 'all is well\n');
    const { screen, out } = recordingScreen();
    expect(await parseCommand([join(folder, 'quiet')], {}, { screen, signal })).toBe(0);
    expect(out()).toBe('No fault was found.\n');
  });

  it.each([
    ['a console that is not there', async () => [[join(folder, 'none')], {}] as const, 'PARSE_FILE'],
    ['two consoles', async () => [['a', 'b'], {}] as const, 'PARSE_FILE'],
    ['a vmlinux that is none', async () => [[await consoleFile()], { vmlinux: GOLDEN }] as const, 'SYMBOLS_FILE'],
  ])('is wrong usage: %s', async (_name, make, code) => {
    const [args, values] = await make();
    const { screen } = recordingScreen();
    await expect(parseCommand(args, values, { screen, signal })).rejects.toMatchObject({ code, exit: 64 });
  });
});
