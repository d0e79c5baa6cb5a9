import { appendFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginGuestCode, forgetGuestCode, isGuestCodeCurrent } from '../../../harness/kernel/guest-stamp.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** As scripts/basic/fixdep.c writes it, since 6.13 from the module's folder. */
const COMMAND = `savedcmd_main.o := gcc -I/src/include -c -o main.o main.c

source_main.o := main.c

deps_main.o := \\
  ../../source/include/linux/mm.h \\
    $(wildcard include/config/MMU) \\
    $(wildcard include/config/GONE) \\
  internal.h \\

main.o: $(deps_main.o)

$(deps_main.o):

main.o: $(wildcard /nowhere/tools/objtool/objtool)
`;

let box: Sandbox;
let places: { readonly objects: string; readonly out: string };
const at = (path: string): string => join(box.folder, path);

beforeEach(async () => {
  box = await openSandbox();
  places = { objects: at('objects'), out: at('out') };
  for (const folder of ['out/driver', 'objects/include/config', 'source/include/linux'])
    await mkdir(at(folder), { recursive: true });
  const files = [
    'source/include/linux/mm.h',
    'objects/include/config/MMU',
    'out/driver/internal.h',
    'objects/Module.symvers',
  ];
  for (const file of files) await writeFile(at(file), 'before\n');
  await writeFile(at('out/driver/.main.o.cmd'), COMMAND);
  await sleep(20);
  await (
    await beginGuestCode(places, 'key')
  )();
});
afterEach(() => box[Symbol.asyncDispose]());

const current = (key = 'key'): Promise<boolean> => isGuestCodeCurrent(places, key);

test('what was built by the same words from the same files is current', async () => {
  expect(await current()).toBe(true);
});

test.each([
  ['a header', () => appendFile(at('source/include/linux/mm.h'), 'after\n')],
  ['a header under an old date', () => utimes(at('source/include/linux/mm.h'), 1000, 1000)],
  ['a header that is gone', () => rm(at('source/include/linux/mm.h'))],
  ['a source of the driver', () => appendFile(at('out/driver/internal.h'), 'after\n')],
  ['a config option', () => appendFile(at('objects/include/config/MMU'), '\n')],
  ['a config option that is new', () => writeFile(at('objects/include/config/GONE'), '')],
  ['the exported symbols', () => appendFile(at('objects/Module.symvers'), 'after\n')],
  ['no kernel at all', () => rm(at('objects/Module.symvers'))],
  ['no file to go by', () => rm(at('out/driver/.main.o.cmd'))],
  ['a file without dependencies', () => writeFile(at('out/driver/.main.o.cmd'), 'savedcmd_main.o := gcc\n')],
  ['a forgotten build', () => forgetGuestCode(places.out)],
  ['a build that did not come to its end', async () => void (await beginGuestCode(places, 'key'))],
])('not after a change of %s', async (_, change) => {
  await change();
  expect(await current()).toBe(false);
});

test('other words, sources or compilers are another build', async () => {
  expect(await current('other')).toBe(false);
});

test('before 6.13 kbuild worked in the object folder', async () => {
  await writeFile(at('out/driver/.main.o.cmd'), 'deps_main.o := \\\n  ../source/include/linux/mm.h \\\n');
  expect(await current()).toBe(true);
});
