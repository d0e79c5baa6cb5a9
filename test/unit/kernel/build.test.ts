import { describe, expect, test } from 'vitest';
import { TARGETS } from '../../../harness/core/arch.ts';
import { keyOf } from '../../../harness/kernel/cache.ts';
import { listCommands, planBuildCommands, type CommandInputs } from '../../../harness/kernel/commands.ts';
import { diagnose } from '../../../harness/kernel/diagnostics.ts';
import { parseObject } from '../../../harness/kernel/make.ts';
import { buildEnv, compilerCommand, makeWords, type ToolchainChoice } from '../../../harness/kernel/toolchain.ts';

const [X86_64, ARM64] = TARGETS.map((target) => target.arch);

const choice = (changes: Partial<ToolchainChoice> = {}): ToolchainChoice => ({
  arch: ARM64!,
  makeOptions: [],
  crossCompile: undefined,
  ...changes,
});

describe("make's words", () => {
  test('the cross compiler is for the other architecture only', () => {
    expect(makeWords(choice(), false, 'x64')).toEqual([
      'ARCH=arm64',
      'CROSS_COMPILE=aarch64-linux-gnu-',
      'KCFLAGS=-g1',
      'LOCALVERSION=',
    ]);
    expect(makeWords(choice(), false, 'arm64')).toEqual(['ARCH=arm64', 'KCFLAGS=-g1', 'LOCALVERSION=']);
    expect(makeWords(choice({ arch: X86_64! }), true, 'x64')).toEqual([
      'ARCH=x86_64',
      'KCFLAGS=-g1',
      'CC=ccache gcc',
      'HOSTCC=ccache gcc',
      'LOCALVERSION=',
    ]);
  });

  test("the user's options win", () => {
    expect(makeWords(choice({ makeOptions: ['KCFLAGS=-O1 -Wall'] }), false)).toContain('KCFLAGS=-g1 -O1 -Wall');
    expect(makeWords(choice({ crossCompile: '/t/arm-' }), true, 'x64')).toContain('CC=ccache /t/arm-gcc');
    const llvm = choice({ makeOptions: ['LLVM=-19', 'W=1', 'O=elsewhere'] });
    expect(makeWords(llvm, true, 'x64')).toEqual([
      'ARCH=arm64',
      'LLVM=-19',
      'W=1',
      'KCFLAGS=-g1',
      'CC=ccache clang-19',
      'HOSTCC=ccache clang-19',
      'LOCALVERSION=',
    ]);
    expect(makeWords(choice({ makeOptions: ['CC=ccache gcc-14'] }), true, 'x64')).not.toContain(
      'CC=ccache ccache gcc-14',
    );
  });

  test.each([
    [['LLVM=1'], 'clang'],
    [['LLVM=/opt/llvm/bin/'], '/opt/llvm/bin/clang'],
    [['LLVM=0'], 'x-gcc'],
    [['CC=gcc-13', 'LLVM=1'], 'gcc-13'],
  ])('%j is built by %s', (makeOptions, expected) => {
    expect(compilerCommand(choice({ makeOptions }), 'x-')).toBe(expected);
  });

  test('nothing of the environment that a build goes by comes in', () => {
    expect(buildEnv('/c')).toMatchObject({ MAKEFLAGS: undefined, KCFLAGS: undefined, CCACHE_DIR: '/c/ccache' });
  });
});

const INPUTS: CommandInputs = {
  arch: ARM64!,
  paths: { source: '/s', objects: '/o', guestOut: '/g' },
  make: ['ARCH=arm64'],
  jobs: 4,
  fragments: ['/k/base.config', '/k/arm64.config'],
  kconfig: undefined,
};

test('the commands of a build', () => {
  const lines = (inputs: CommandInputs): string[] =>
    listCommands(planBuildCommands(inputs)).map(({ command }) => command.join(' '));
  expect(lines(INPUTS)).toEqual([
    'sh scripts/kconfig/merge_config.sh -m -O /o/mmapvet-merge kernel/configs/tiny-base.config kernel/configs/tiny.config /k/base.config /k/arm64.config',
    'make -C /s O=/o -j4 ARCH=arm64 KCONFIG_ALLCONFIG=/o/mmapvet-merge/.config allnoconfig',
    'make -C /s O=/o -j4 ARCH=arm64 modules_prepare',
    'make -C /g/source KDIR=/o OUT=/g -j4 ARCH=arm64 features',
    'make -C /s O=/o -j4 ARCH=arm64 Image modules',
    'make -C /g/source KDIR=/o OUT=/g -j4 ARCH=arm64 all init',
  ]);
  const own = lines({ ...INPUTS, kconfig: '/my.config' });
  expect(own[0]).toContain('-O /o/mmapvet-merge /my.config /k/base.config');
  expect(own[1]).toMatch(/ alldefconfig$/);
});

test.each([
  ['  CC      mm/util.o', 'mm/util.o'],
  ['  CC [M]  drivers/x.o', 'drivers/x.o'],
  ['  AS      arch/x86/entry/entry.o', 'arch/x86/entry/entry.o'],
  ['  LD      vmlinux', null],
  ['mm/util.c:1:2: warning: CC x', null],
])('%j builds %s', (line, expected) => {
  expect(parseObject(line)).toBe(expected);
});

describe("what a build's output says", () => {
  test('gcc: the lines that belong together, and none of the others', () => {
    const output = [
      '  CC      mm/util.o',
      'In file included from /w/source/mm/util.c:3:',
      "/w/source/mm/util.c: In function 'f':",
      "/w/source/mm/util.c:12:3: error: 'foo' undeclared (first use in this function)",
      '   12 |   foo();',
      '      |   ^~~',
      '/w/source/mm/util.c:12:3: note: each undeclared identifier is reported only once',
      '/w/source/mm/vma.c:9:1: warning: unused',
      '  CC      mm/vma.o',
      'make[3]: *** [/w/source/scripts/Makefile.build:287: mm/util.o] Error 1',
    ];
    expect(diagnose(output, ['/w/source'])).toEqual({
      first: "mm/util.c:12: 'foo' undeclared (first use in this function)",
      lines: [
        'In file included from mm/util.c:3:',
        "mm/util.c: In function 'f':",
        "mm/util.c:12:3: error: 'foo' undeclared (first use in this function)",
        '   12 |   foo();',
        '      |   ^~~',
        'mm/util.c:12:3: note: each undeclared identifier is reported only once',
      ],
    });
  });

  test.each([
    ["ld: mm/util.o:(.text+0x10): undefined reference to `gone'", "mm/util.o: undefined reference to `gone'"],
    ['ld.lld: error: undefined symbol: gone', 'undefined symbol: gone'],
    ['ERROR: modpost: "gone" [mmapvet.ko] undefined!', '"gone" [mmapvet.ko] undefined!'],
    ['vmlinux.o: error: objtool: f+0x1: bad', 'vmlinux.o: f+0x1: bad'],
    ['mm/Kconfig:7: syntax error', 'mm/Kconfig:7: syntax error'],
    ['/w/Makefile:12: *** no compiler.  Stop.', '/w/Makefile:12: no compiler.  Stop.'],
    ['/bin/sh: 1: flex: not found', 'flex: not found'],
    [
      'mm/util.c:1:10: fatal error: gone.h: No such file or directory',
      'mm/util.c:1: gone.h: No such file or directory',
    ],
    ['/tmp/c.s: Fatal error: x: No space left on device', '/tmp/c.s: Fatal error: x: No space left on device'],
  ])('%s', (line, first) => {
    expect(diagnose(['  CC      x.o', line, 'make: *** [x] Error 2']).first).toBe(first);
  });

  test('where nothing is recognised, what make says, or the end', () => {
    expect(diagnose(['a', 'make: *** [x] Error 2', 'b'])).toEqual({ first: null, lines: ['make: *** [x] Error 2'] });
    expect(diagnose(['a', 'b'])).toEqual({ first: null, lines: ['a', 'b'] });
  });
});

test('a key is made of its parts and where they end', () => {
  expect(keyOf('a', 'b')).toBe(keyOf('a', 'b'));
  expect(new Set([keyOf('a', 'b'), keyOf('ab'), keyOf('b', 'a'), keyOf('a', ['b']), keyOf('a', 'b', '')]).size).toBe(5);
});
