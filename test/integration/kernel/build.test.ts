import { cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PROFILES, TARGETS, type Profile } from '../../../harness/core/arch.ts';
import { GUEST } from '../../../harness/core/paths.ts';
import { useBuildDir } from '../../../harness/kernel/build-dir.ts';
import { buildKernel, type BuildOptions, type BuildResult } from '../../../harness/kernel/build.ts';
import { resolveSource } from '../../../harness/kernel/source.ts';
import { parseKernelSpec } from '../../../harness/kernel/spec.ts';
import { makeKernelTree } from '../../fixtures/kernel-tree.ts';
import { failure, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
beforeEach(async () => {
  box = await openSandbox();
  await makeKernelTree(box.tree);
});
afterEach(() => box[Symbol.asyncDispose]());

const [X86_64, ARM64] = TARGETS;

const options = (changes: Partial<BuildOptions> = {}): BuildOptions => ({
  target: X86_64!,
  profile: PROFILES[0]!,
  kconfigAdd: [],
  kconfig: undefined,
  makeOptions: [],
  crossCompile: undefined,
  driver: undefined,
  ...changes,
});

async function build(changes: Partial<BuildOptions> = {}): Promise<BuildResult> {
  await using source = await resolveSource(
    parseKernelSpec(box.tree, box.folder),
    { patches: [], identity: [] },
    box.context,
  );
  return await buildKernel({ source, ...options(changes) }, box.context);
}

async function built(changes: Partial<BuildOptions> = {}) {
  const result = await build(changes);
  if (result.kind !== 'built') throw new Error(`not built: ${JSON.stringify(result)}`);
  return result.build;
}

/** Goals that make was called for since the last look. */
async function goals(): Promise<string[]> {
  const text = await readFile(box.makeLog, 'utf8').catch(() => '');
  await rm(box.makeLog, { force: true });
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const FULL = ['allnoconfig', 'modules_prepare', 'features', 'vmlinux modules', 'all init'];
const stored = async (kind: string): Promise<string[]> =>
  readdir(join(box.folder, 'cache/mmapvet', kind)).catch(() => []);

test('a build has all that a guest needs, and the same build is never made twice', async () => {
  const first = await built();
  expect(await goals()).toEqual(FULL);
  expect(await readFile(first.kernel, 'utf8')).toMatch(/^vmlinux\n/);
  for (const file of [first.module, first.probes, first.vmlinux, first.systemMap, first.config, first.symvers])
    expect(existsSync(file)).toBe(true);
  expect(first.features).toEqual(['prepare', 'mapped']);
  expect(first.identity).toMatchObject({ target: 'x86_64', profile: 'base', release: '7.3.0-fake', reused: false });
  expect(first.identity.compiler).toBe('gcc (Fake) 1.0');
  expect(box.events).toContainEqual(
    expect.objectContaining({ kind: 'stage-progress', stage: 'build', done: 1, total: 900, detail: 'mm/util.o' }),
  );

  const second = await built();
  expect(await goals()).toEqual([]);
  expect(second).toEqual({ ...first, identity: { ...first.identity, reused: true } });
});

test("modules of the kernel's own, and what helps with them, come along", async () => {
  vi.stubEnv('FAKE_MODULES', 'drivers/target/target_core_user drivers/mtd/devices/mtdram');
  const first = await built({ profile: PROFILES.find(({ name }) => name === 'users')! });
  expect(first.moreModules.map((file) => basename(file)).toSorted()).toEqual([
    'mmapvet-stm.ko',
    'mtdram.ko',
    'target_core_user.ko',
  ]);
  for (const file of first.moreModules) expect(existsSync(file)).toBe(true);
  vi.stubEnv('FAKE_MODULES', '');
  expect((await built()).moreModules).toEqual([]);
});

test('each target gets its own image and compiler', async () => {
  const build64 = await built({ target: ARM64! });
  expect(await readFile(build64.kernel, 'utf8')).toBe('arch/arm64/boot/Image\n');
  expect((await goals())[3]).toBe('Image modules');
  expect(build64.identity.compiler).toMatch(/gcc \(Fake\)/);
});

test('another compiler, config line, source or make option is another kernel', async () => {
  const keys = new Set([(await built()).identity.key]);
  keys.add((await built({ kconfigAdd: ['CONFIG_MORE=y'] })).identity.key);
  keys.add((await built({ makeOptions: ['W=1'] })).identity.key);
  vi.stubEnv('FAKE_CC_VERSION', '2.0');
  keys.add((await built()).identity.key);
  await writeFile(join(box.tree, 'mm/util.c'), 'int edited;\n');
  keys.add((await built()).identity.key);
  expect(keys.size).toBe(5);
});

describe('after an edit', () => {
  const EDITED = ['vmlinux modules', 'all init'];

  test.each([
    ['code', 'mm/util.c', EDITED],
    ['a header of mm', 'mm/internal.h', EDITED],
    ['a header for all', 'include/linux/mm.h', FULL],
    ['a header of the architecture', 'arch/x86/include/asm/page.h', FULL],
    ['a Kconfig file', 'mm/Kconfig', FULL],
    ['kbuild', 'scripts/Makefile.lib', FULL],
  ])('of %s, what is stale is made, and configured only if need be', async (_, file, expected) => {
    await mkdir(dirname(join(box.tree, file)), { recursive: true });
    await writeFile(join(box.tree, file), '/* before */\n');
    await built();
    await goals();
    await writeFile(join(box.tree, file), '/* after */\n');
    // An editor may well put a file in place under an old date.
    await utimes(join(box.tree, file), 1000, 1000);
    await built();
    expect(await goals()).toEqual(expected);
  });

  test('a header that is gone counts, and so does a stamp that was cut off', async () => {
    const header = join(box.tree, 'include/linux/more.h');
    await mkdir(dirname(header), { recursive: true });
    await writeFile(header, '');
    await writeFile(join(box.tree, 'include/linux/other.h'), '');
    await built();
    await rm(header);
    await goals();
    await built();
    expect(await goals()).toEqual(FULL);
    const files = await readdir(join(box.folder, 'cache'), { recursive: true });
    const stamp = join(
      box.folder,
      'cache',
      files.find((path) => path.endsWith('mmapvet-configured'))!,
    );
    const whole = await readFile(stamp, 'utf8');
    await writeFile(stamp, whole.slice(0, -5));
    await writeFile(join(box.tree, 'mm/util.c'), 'int edited;\n');
    await built();
    expect(await goals()).toEqual(FULL);
    expect(await readFile(stamp, 'utf8')).toBe(whole);
  });
});

test('an adapted driver rebuilds the guest code alone', async () => {
  const first = await built();
  await goals();
  const driver = join(box.folder, 'driver');
  await cp(join(GUEST, 'driver'), driver, { recursive: true });
  const second = await built({ driver });
  expect(await goals()).toEqual(['features', 'all init']);
  expect(second.kernel).toBe(first.kernel);
  expect(second.module).not.toBe(first.module);
  expect(await failure(build({ driver: box.tree }))).toMatchObject({ code: 'DRIVER_FOLDER' });
});

test('guest code that changes to an older file, of another checkout, is new to make', async () => {
  const driver = join(box.folder, 'driver');
  await cp(join(GUEST, 'driver'), driver, { recursive: true });
  await built({ driver });
  const staged = async (name: string) => {
    const files = await readdir(join(box.folder, 'cache'), { recursive: true });
    const file = files.find((path) => path.endsWith(`source/driver/${name}`));
    return (await stat(join(box.folder, 'cache', file ?? name))).mtimeMs;
  };
  const [hooks, log] = [await staged('hooks.c'), await staged('log.c')];
  await writeFile(join(driver, 'hooks.c'), '/* adapted */');
  await utimes(join(driver, 'hooks.c'), 1000, 1000);
  await built({ driver });
  expect(await staged('hooks.c')).toBeGreaterThan(hooks);
  expect(await staged('log.c')).toBe(log);
});

test('when the object folder holds another kernel by now, it is rebuilt before guest code is built in it', async () => {
  await built();
  await built({ kconfigAdd: ['CONFIG_MORE=y'] });
  await goals();
  const driver = join(box.folder, 'driver');
  await cp(join(GUEST, 'driver'), driver, { recursive: true });
  await built({ driver });
  expect(await goals()).toEqual(FULL);
});

test('config lines that did not survive are listed with the likely cause, and nothing is built', async () => {
  vi.stubEnv('FAKE_MAKE_LOSES', 'PRINTK');
  const error = await failure(build());
  expect(error.code).toBe('CONFIG_LOST');
  expect(error.message).toBe('One config line did not survive on x86_64: PRINTK.');
  expect(error.details).toEqual(['CONFIG_PRINTK=y (base): depends on NOT_THERE; not met: NOT_THERE']);
  expect(await goals()).toEqual(['allnoconfig']);
  vi.stubEnv('FAKE_MAKE_LOSES', 'NO_SUCH');
  expect(await failure(build({ kconfigAdd: ['CONFIG_NO_SUCH=y'] }))).toMatchObject({
    code: 'CONFIG_LOST',
    blame: 'usage',
    details: ['CONFIG_NO_SUCH=y (--kconfig-add): unknown symbol: no Kconfig file of this kernel defines it'],
  });
});

test("the user's own config is the base, our lines go on top", async () => {
  const file = join(box.folder, 'my.config');
  await writeFile(file, 'CONFIG_MINE=y\nCONFIG_EMBEDDED=n\n');
  const mine = await built({ kconfig: file });
  const text = await readFile(mine.config, 'utf8');
  expect(text).toContain('CONFIG_MINE=y');
  expect(text).toContain('CONFIG_PROVE_LOCKING=y');
  expect(text).not.toContain('CONFIG_EMBEDDED=y');
  expect((await goals())[0]).toBe('alldefconfig');
  await writeFile(file, 'no config at all\n');
  expect(await failure(build({ kconfig: file }))).toMatchObject({ code: 'KCONFIG_UNREADABLE' });
});

test("a compile error shows the compiler's lines and the log, and stores nothing", async () => {
  vi.stubEnv('FAKE_MAKE_FAILS', 'vmlinux');
  const source = join(box.folder, 'x');
  vi.stubEnv(
    'FAKE_MAKE_SAYS',
    "mm/util.c:12:3: error: 'foo' undeclared\n   12 |   foo();\n      |   ^~~\nmake: *** [x] Error 1",
  );
  const error = await failure(build());
  expect(error).toMatchObject({
    code: 'BUILD_FAILED',
    message: "The x86_64 kernel does not build: mm/util.c:12: 'foo' undeclared.",
    details: ["mm/util.c:12:3: error: 'foo' undeclared", '   12 |   foo();', '      |   ^~~'],
  });
  const log = /"(.*)"/.exec(error.hint ?? '')?.[1] ?? source;
  expect(await readFile(log, 'utf8')).toContain('make: *** [x] Error 1');
  expect(await stored('kernels')).toEqual([]);
});

test('a driver that does not fit is told apart from a kernel that does not build', async () => {
  vi.stubEnv('FAKE_MAKE_FAILS', 'all');
  vi.stubEnv('FAKE_MAKE_SAYS', 'driver/hooks.c:7:2: error: too few arguments\ndriver/hooks.c:9:2: error: more');
  expect(await failure(build())).toMatchObject({
    code: 'DRIVER_DOES_NOT_FIT',
    message: 'The driver does not fit this x86_64 kernel: driver/hooks.c:7: too few arguments.',
  });
  expect(await stored('guests')).toEqual([]);
  expect(await stored('kernels')).toHaveLength(1);
});

test('a full disk is one clear error', async () => {
  vi.stubEnv('FAKE_MAKE_FAILS', 'vmlinux');
  vi.stubEnv('FAKE_MAKE_SAYS', '/tmp/x.s: Fatal error: cannot write: No space left on device');
  expect(await failure(build())).toMatchObject({ code: 'NO_SPACE' });
});

test('a kernel without the hook is found out before it is built, and remembered', async () => {
  vi.stubEnv('FAKE_FEATURES', 'vfs-mmap');
  expect(await build()).toEqual({ kind: 'no-hook', features: ['vfs-mmap'] });
  expect(await goals()).toEqual(['allnoconfig', 'modules_prepare', 'features']);
  expect(await build()).toEqual({ kind: 'no-hook', features: ['vfs-mmap'] });
  expect(await goals()).toEqual([]);
});

test('a kernel that was built for its hook and shows none any more is trouble of ours; nothing is stored', async () => {
  await built();
  await rm(join(box.folder, 'cache/mmapvet/guests'), { recursive: true });
  vi.stubEnv('FAKE_FEATURES', '');
  expect(await failure(build())).toMatchObject({ code: 'FEATURES_FAILED', blame: 'trouble' });
  expect(await stored('guests')).toEqual([]);
});

test('an interrupted build ends with the reason and leaves no entry', async () => {
  vi.stubEnv('FAKE_MAKE_HANGS', 'vmlinux');
  const running = build();
  while (!(await readFile(box.makeLog, 'utf8').catch(() => '')).includes('vmlinux')) await sleep(20);
  const reason = new Error('interrupted');
  box.abort.abort(reason);
  await expect(running).rejects.toBe(reason);
  expect(await stored('kernels')).toEqual([]);
});

test("--build-dir takes the user's kernel as it is, if it has what a guest needs", async () => {
  const folder = join(box.folder, 'objects');
  const lines = await built().then(({ config }) => readFile(config, 'utf8'));
  await goals();
  await mkdir(join(folder, 'include/config'), { recursive: true });
  await writeFile(join(folder, 'include/config/kernel.release'), '7.3.0-mine\n');
  for (const file of ['vmlinux', 'Module.symvers']) await writeFile(join(folder, file), file);
  await writeFile(join(folder, '.config'), lines.replace('CONFIG_MODULES=y', 'CONFIG_MODULES=n'));
  const error = await failure(useBuildDir(folder, options(), box.context));
  expect(error.code).toBe('BUILD_DIR_CONFIG');
  expect(error.details).toEqual(['CONFIG_MODULES=y   the driver is a module']);

  await writeFile(join(folder, '.config'), lines.replace('CONFIG_PROVE_LOCKING=y', ''));
  const before = (await readdir(folder, { recursive: true })).toSorted();
  const result = await useBuildDir(folder, options(), box.context);
  expect(result).toMatchObject({
    kind: 'built',
    build: { kernel: join(folder, 'vmlinux'), identity: { release: '7.3.0-mine' } },
  });
  expect(await goals()).toEqual(['features', 'all init']);
  expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(before);
  await useBuildDir(folder, options(), box.context);
  expect(await goals()).toEqual([]);
});

describe('the object folder of another profile', () => {
  const other: Profile = { ...PROFILES[0]!, name: 'other', fragments: ['base'] };
  const objects = async (): Promise<string> =>
    join(box.folder, 'cache/mmapvet/work', (await stored('work'))[0]!, 'objects');
  const folders = async (): Promise<string[]> => (await readdir(await objects())).toSorted();

  test('begins as a copy, without what belongs to the first alone', async () => {
    await built();
    const [first] = await folders();
    const old = new Date('2020-01-02T03:04:05Z');
    const made = join(await objects(), first!, 'made.o');
    await writeFile(made, 'object');
    await utimes(made, old, old);
    const tools = join(await objects(), first!, 'tools/objtool');
    await mkdir(tools, { recursive: true });
    await writeFile(join(tools, '.weak.o.cmd'), `cmd_${tools}/weak.o := gcc -o ${tools}/weak.o weak.c\n`);
    await built({ profile: other });
    const copied = first!.replace('base', 'other');
    expect(await folders()).toEqual([first, copied]);
    expect((await stat(join(await objects(), copied, 'made.o'))).mtime).toEqual(old);
    const moved = join(await objects(), copied, 'tools/objtool');
    expect(await readFile(join(moved, '.weak.o.cmd'), 'utf8')).toBe(
      `cmd_${moved}/weak.o := gcc -o ${moved}/weak.o weak.c\n`,
    );
    const key = (name: string): Promise<string> => readFile(join(made, '../..', name, 'mmapvet-key'), 'utf8');
    expect(await key(copied)).not.toBe(await key(first!));
  });

  test('is empty where nothing whole is there to copy: cut-off builds, other targets, other options of make', async () => {
    await built();
    const [first] = await folders();
    const left = join(await objects(), `.copy-${first!.replace('base', 'other')}`);
    await mkdir(left);
    await writeFile(join(left, 'half.o'), '');
    for (const changes of [{ target: ARM64! }, { makeOptions: ['W=1'] }]) {
      await writeFile(join(await objects(), first!, 'made.o'), '');
      await built({ ...changes, profile: other });
    }
    await rm(join(await objects(), first!, 'mmapvet-key'));
    await built({ profile: other });
    const copies = (await folders()).filter((name) => name.includes('-other-'));
    expect(copies).toHaveLength(3);
    for (const name of copies) expect(await readdir(join(await objects(), name))).not.toContain('made.o');
    expect(await readdir(join(await objects(), first!.replace('base', 'other')))).not.toContain('half.o');
  });
});
