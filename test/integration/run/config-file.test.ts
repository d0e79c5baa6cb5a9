import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MmapvetError } from '../../../harness/core/errors.ts';
import { NO_CONFIG } from '../../../harness/run/config.ts';
import { loadConfig } from '../../../harness/run/config-file.ts';
import { planRun } from '../../../harness/run/plan.ts';

let folder: string;
const own = (): string => join(folder, 'config/mmapvet/mmapvet.yaml');
const project = (): string => join(folder, 'repo/mmapvet.yaml');
const deep = (): string => join(folder, 'repo/a/b');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-config-'));
  await mkdir(join(folder, 'repo/.git'), { recursive: true });
  await mkdir(deep(), { recursive: true });
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function put(file: string, ...lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${lines.join('\n')}\n`);
}

async function refusal(): Promise<MmapvetError> {
  const error: unknown = await loadConfig(deep()).then(
    (config) => config,
    (reason: unknown) => reason,
  );
  if (error instanceof MmapvetError) return error;
  throw new Error(`accepted: ${JSON.stringify(error)}`);
}

describe('where it is looked for', () => {
  test('nowhere: nothing is set', async () => {
    expect(await loadConfig(deep())).toBe(NO_CONFIG);
  });

  test("from the current folder to the repository's top, no further, then the user's own", async () => {
    await put(join(folder, 'mmapvet.yaml'), 'targets: [arm64]');
    expect((await loadConfig(deep())).files).toEqual([]);
    await put(own(), 'targets: [arm64]');
    await put(project(), 'targets: [x86_64]');
    expect(await loadConfig(deep())).toMatchObject({ files: [project(), own()], targets: ['x86_64'] });
    await put(join(folder, 'repo/a/mmapvet.yaml'), '# says nothing');
    expect(await loadConfig(deep())).toMatchObject({
      files: [join(folder, 'repo/a/mmapvet.yaml'), own()],
      targets: ['arm64'],
    });
  });

  test('outside of a repository in the current folder only', async () => {
    await rm(join(folder, 'repo/.git'), { recursive: true });
    await put(project(), 'targets: [x86_64]');
    expect((await loadConfig(deep())).files).toEqual([]);
    expect((await loadConfig(join(folder, 'repo'))).files).toEqual([project()]);
  });
});

describe('what it says', () => {
  test('kernels, profiles, limits, words, matrix', async () => {
    await put(
      own(),
      'kernels:',
      '  mainline: ../../repo',
      '  debian: deb:linux-source-7.3',
      '  fixes: { source: ~/linux, patches: [a.mbox, "b4:1@example.org"], range: v7.3..fixes }',
      'profiles:',
      '  slub: { kconfig: [CONFIG_SLUB_DEBUG_ON=y] }',
      'limits: { timeout: 60, jobs: 3, guests: 2, cacheMax: 1.5G }',
      'makeOptions: LLVM=1',
      'qemuArgs: -smp 4',
      'matrix:',
      '  - { kernels: [mainline, fixes], targets: [x86_64], profiles: [base, slub] }',
      '  - kernels: [debian]',
    );
    const config = await loadConfig(deep());
    expect(config).toMatchObject({ timeout: 60, jobs: 3, guests: 2, cacheMax: 1.5 * 2 ** 30 });
    expect(config.kernels.get('mainline')?.source).toBe(join(folder, 'repo'));
    expect(config.kernels.get('fixes')?.patches).toEqual([join(folder, 'config/mmapvet/a.mbox'), 'b4:1@example.org']);
    expect(config.matrix.map(({ kernel, target, profile }) => `${kernel} ${target} ${profile}`)).toEqual([
      'mainline x86_64 base',
      'mainline x86_64 slub',
      'fixes x86_64 base',
      'fixes x86_64 slub',
      'debian x86_64 base',
      'debian arm64 base',
    ]);
    const plan = planRun({ kernel: 'fixes', profile: 'slub', patch: ['/x/more.patch'] }, config);
    expect(plan).toMatchObject({ range: 'v7.3..fixes', jobs: 3, probeSeconds: 60, makeOptions: ['LLVM=1'] });
    expect(plan.patches.slice(1)).toEqual(['b4:1@example.org', '/x/more.patch']);
    expect(plan.profile).toMatchObject({ name: 'slub', fragments: ['base', 'debug'] });
    expect(plan.kconfigAdd).toEqual(['CONFIG_SLUB_DEBUG_ON=y']);
    expect(plan.qemuArgs).toEqual(['-smp', '4']);
  });

  test('flags beat it', async () => {
    await put(
      own(),
      'targets: [arm64]',
      'limits: { timeout: 60, jobs: 3 }',
      'kernels:',
      '  k: { source: ., range: a..b }',
    );
    const config = await loadConfig(deep());
    const flags = { kernel: 'k', target: ['x86'], timeout: '5', jobs: '1', range: 'c..d', makeOptions: 'W=1' };
    const plan = planRun(flags, config);
    expect(plan).toMatchObject({ probeSeconds: 5, jobs: 1, range: 'c..d', makeOptions: ['W=1'] });
    expect(plan.targets.map(({ name }) => name)).toEqual(['x86_64']);
    expect(planRun({}, config).targets.map(({ name }) => name)).toEqual(['arm64']);
  });

  test("a name in the user's own file can't be taken by a tree's", async () => {
    await put(own(), 'kernels: { mainline: /home/u/linux }');
    await put(project(), 'kernels: { mainline: ./trap, theirs: . }');
    const { kernels } = await loadConfig(deep());
    expect(kernels.get('mainline')).toMatchObject({ source: '/home/u/linux', from: own() });
    expect(kernels.get('theirs')?.source).toBe(join(folder, 'repo'));
  });

  test('a name that is a folder too is asked back; an unknown one is guessed', async () => {
    await put(project(), 'kernels: { harness: ., mainline: . }');
    const config = await loadConfig(deep());
    // Tests run in the project's folder, which has a folder of this name.
    expect(() => planRun({ kernel: 'harness' }, config)).toThrowError(
      expect.objectContaining({ code: 'KERNEL_AMBIGUOUS' }),
    );
    expect(() => planRun({ kernel: 'mainlin' }, config)).toThrowError(
      expect.objectContaining({ code: 'KERNEL_UNKNOWN', hint: 'Did you mean "mainline"?' }),
    );
    expect(planRun({ kernel: './harness' }, config).kernel).toBe('./harness');
    expect(planRun({ kernel: 'deb:linux-source-7.3' }, config).kernel).toBe('deb:linux-source-7.3');
  });
});

describe('what is wrong, with its line', () => {
  test.each<[string, string, number, RegExp, string]>([
    [
      'a mistyped key',
      'targets: [arm64]\nkernel:\n  a: .',
      2,
      /There is no key "kernel"\.$/,
      'Did you mean "kernels"?',
    ],
    [
      'one further in',
      'kernels:\n  a:\n    source: .\n    patchs: [x]',
      4,
      /no key "patchs" in "kernels.a"/,
      'Did you mean "patches"?',
    ],
    ['in limits', '\nlimits:\n  timeuot: 3', 3, /no key "timeuot" in "limits"/, 'Did you mean "timeout"?'],
    ['a wrong kind', 'targets: arm64', 1, /"targets" has to be a list, such as \[a, b\]/, 'Mend that line.'],
    ['a wrong kind in a list', 'targets:\n  - arm64\n  - 3', 3, /"targets\[1\]" has to be text/, 'Mend that line.'],
    ['what is missing', 'kernels:\n  a:\n    range: a..b', 2, /"kernels.a.source" is missing/, 'Add it: text.'],
    ['an unknown target', 'targets:\n  - x68_64', 2, /There is no target "x68_64"/, 'Did you mean "x86_64"?'],
    ['a range that is none', 'kernels:\n  a: { source: ., range: a...b }', 2, /"a...b" is no range/, 'Write it like'],
    ['a name that is none', 'kernels:\n  ../a: .', 2, /"..\/a" is no name/, 'Begin with a letter'],
    ['an unknown profile to extend', 'profiles:\n  p: { extends: bsae }', 2, /"bsae"/, 'Did you mean "base"?'],
    ['a built-in profile', 'profiles:\n  base: { kconfig: [] }', 2, /"base" is built in/, 'Choose another name.'],
    [
      'an unknown kernel in the matrix',
      'kernels: { abc: . }\nmatrix:\n  - kernels: [abd]',
      3,
      /no kernel "abd"/,
      'Did you mean "abc"?',
    ],
    ['a number out of range', 'limits:\n  timeout: 0', 2, /"limits.timeout"/, 'Mend that line.'],
    ['no mapping at all', '- a\n- b', 1, /The file has to be a mapping/, 'Mend that line.'],
    ['no YAML', 'kernels:\n  a: [x', 3, /no YAML/, 'Mend that line.'],
    ['a key twice', 'targets: [arm64]\ntargets: [x86]', 2, /no YAML.*unique/, 'Mend that line.'],
    ['a tag that asks for code', 'targets:\n  !!js/function x', 2, /no YAML/, 'Mend that line.'],
  ])('%s', async (_, text, line, message, hint) => {
    await put(project(), text);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'CONFIG_BAD', exit: 64 });
    expect(error.message.startsWith(`${project()}:${line}: `), error.message).toBe(true);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain(hint);
  });

  test('all of it at once', async () => {
    await put(project(), 'kernel: x', 'limits:', '  jbos: 1');
    expect((await refusal()).details).toEqual([
      `${project()}:3: There is no key "jbos" in "limits". Did you mean "jobs"?`,
    ]);
  });

  test('what is no file, too large, or a bomb of aliases', async () => {
    await mkdir(project());
    expect(await refusal()).toMatchObject({ code: 'CONFIG_UNREADABLE' });
    await rm(project(), { recursive: true });
    await put(project(), `# ${'x'.repeat(1 << 20)}`);
    expect(await refusal()).toMatchObject({ code: 'CONFIG_UNREADABLE' });
    const bomb = Array.from({ length: 9 }, (_, n) => `  a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`);
    await put(project(), 'kernels:', '  a0: &a0 [x, x]', ...bomb);
    expect(await refusal()).toMatchObject({ code: 'CONFIG_BAD' });
  });
});

describe("in a tree, which may be anybody's", () => {
  test.each([
    ['limits: { jobs: 64 }', 'limits.jobs'],
    ['limits: { guests: 9 }', 'limits.guests'],
    ['limits: { cacheMax: 1K }', 'limits.cacheMax'],
    ['makeOptions: CC=./trap', 'makeOptions'],
    ['crossCompile: ./trap-', 'crossCompile'],
    ['kernelArgs: panic_on_warn=0', 'kernelArgs'],
    ['qemuArgs: -drive file=/home/u/secret', 'qemuArgs'],
    ['kernels: { k: { source: ., patches: ["b4:1@example.org"] } }', 'A patch that b4 fetches'],
    ['profiles: { p: { kconfig: [\'CONFIG_LOCALVERSION="$(shell ./trap)"\'] } }', 'A config line with a text'],
  ])('%s is refused; in the user’s own file it is not', async (text, what) => {
    await put(project(), '# first', text);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'CONFIG_NOT_HERE', exit: 64 });
    expect(error.message).toContain(`${project()}:2: `);
    expect(error.message).toContain(what);
    expect(error.hint).toContain(own());
    await rm(project());
    await put(own(), text);
    await loadConfig(deep());
  });

  test('a config line can not smuggle a text in', async () => {
    await put(project(), "profiles: { p: { kconfig: ['CONFIG_A=$(shell x)'] } }");
    const config = await loadConfig(deep());
    expect(() => planRun({ profile: 'p' }, config)).toThrowError(expect.objectContaining({ code: 'KCONFIG_LINE_BAD' }));
  });
});
