/**
 * The kernel's own test programs, built from the very source that is vetted, patches included: tools/testing/vma for this
 * machine, tools/testing/selftests/mm for a target, static. Nothing is written into the source.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MmapvetError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { keyOf, makeEntry } from './cache.ts';
import type { BuildCommand } from './commands.ts';
import { tell, type KernelContext } from './context.ts';
import { runMake } from './make.ts';
import { mirrorTree } from './mirror.ts';
import type { Source } from './source.ts';
import type { Toolchain } from './toolchain.ts';
import { filesBelow } from './work.ts';

/** Raised when the same inputs would give other programs. */
const RECIPE = 2;

/** The folder of the programs that this source has, by name. */
export interface SuiteBuild {
  readonly folder: string;
  /** Those that it has no source for. */
  readonly absent: readonly string[];
}

interface SuiteRequest {
  readonly source: Source;
  readonly toolchain: Toolchain;
  /** What it is for: a target's architecture, or this machine. */
  readonly who: string;
}

const failure =
  (what: string) =>
  (diagnosis: { readonly first: string | null; readonly lines: readonly string[] }, log: string): MmapvetError =>
    new MmapvetError('SUITE_FAILED', `${what} does not build: ${diagnosis.first ?? 'see below'}.`, {
      hint: `Read all of the output in "${log}".`,
      details: diagnosis.lines,
    });

const VMA = 'tools/testing/vma';

/** @throws MmapvetError SUITE_FAILED, NO_SPACE */
export async function buildVmaUserland(
  { source, toolchain }: SuiteRequest,
  context: KernelContext,
): Promise<SuiteBuild> {
  if (!existsSync(join(source.folder, VMA, 'Makefile'))) return { folder: '', absent: ['vma'] };
  const key = keyOf(`vma-userland ${RECIPE}`, source.key, toolchain.identity);
  const { folder } = await store(key, context, async (making) => {
    const work = join(source.objects, 'vma-userland');
    await mirrorTree(source.folder, work, [VMA, 'tools/testing/shared']);
    const cwd = join(work, VMA);
    const make: BuildCommand = {
      title: 'build tools/testing/vma',
      command: ['make', '-C', cwd, `-j${context.jobs}`, ...hostWords(toolchain), 'vma'],
      cwd,
    };
    const log = 'build-vma-userland.log';
    await runMake(make, { env: toolchain.env, strip: [cwd, work], log, failure: failure(VMA) }, context);
    await copyFile(join(cwd, 'vma'), join(making, 'vma'));
    await writeFile(join(making, CASES), (await caseNames(cwd)).join('\n'));
    await rm(work, { recursive: true, force: true });
  });
  return { folder, absent: [] };
}

/** Beside the program, which names no test that passes: all that it has. */
export const CASES = 'vma.cases';

/** In the order of its source; some are only compiled in by other flags. */
async function caseNames(folder: string): Promise<string[]> {
  const { stdout } = await run(['nm', join(folder, 'vma')]);
  const compiled = new Set(stdout.split('\n').map((line) => line.split(' ').at(-1)));
  const files = (await filesBelow(folder)).filter((file) => file.endsWith('.c'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts
    .flatMap((text) => [...text.matchAll(/^\s*TEST\((\w+)\);/gm)].map(([, name]) => name!))
    .filter((name) => compiled.has(`test_${name}`));
}

/** Its Makefile goes by its own variables; of ours only the compiler means anything to it. */
const hostWords = ({ make }: Toolchain): string[] => make.filter((word) => word.startsWith('CC='));

const SELFTESTS = 'tools/testing/selftests/mm';

/** @param names of programs, each with a source file of its name @throws MmapvetError SUITE_FAILED, NO_SPACE */
export async function buildSelftests(
  { source, toolchain, who }: SuiteRequest,
  names: readonly string[],
  context: KernelContext,
): Promise<SuiteBuild> {
  const has = (name: string): boolean => existsSync(join(source.folder, SELFTESTS, `${name}.c`));
  const present = names.filter(has);
  const absent = names.filter((name) => !has(name));
  if (present.length === 0) return { folder: '', absent };
  const key = keyOf(`selftests-mm ${RECIPE}`, source.key, toolchain.identity, present);
  const { folder } = await store(key, context, async (making) => {
    const work = join(source.objects, `selftests-${who}`);
    const [headers, out, mirror] = ['headers', 'out', 'tree'].map((name) => join(work, name)) as [
      string,
      string,
      string,
    ];
    await mkdir(headers, { recursive: true });
    await mkdir(out, { recursive: true });
    await mirrorTree(source.folder, mirror, [SELFTESTS]);
    const cwd = join(mirror, SELFTESTS);
    const options = {
      env: toolchain.env,
      strip: [cwd, mirror, source.folder],
      log: `build-selftests-${who}.log`,
      failure: failure(SELFTESTS),
    };
    const jobs = `-j${context.jobs}`;
    const steps: BuildCommand[] = [
      {
        title: 'install the headers',
        command: ['make', '-C', source.folder, `O=${headers}`, jobs, ...toolchain.make, 'headers'],
        cwd: source.folder,
      },
      {
        title: `build ${SELFTESTS}`,
        command: [
          'make',
          '-C',
          cwd,
          jobs,
          ...toolchain.make,
          `OUTPUT=${out}`,
          `KHDR_INCLUDES=-isystem ${headers}/usr/include`,
          // The guest has no libraries. Elsewhere than at a fixed address near 0, as where they are linked with some: programs
          // take the space there for free, and the heap's random distance of up to 1 GiB would be in their way at times.
          'USERCFLAGS=-fPIE',
          'USERLDFLAGS=-static-pie',
          ...present.map((name) => join(out, name)),
        ],
        cwd,
      },
    ];
    for (const step of steps) await runMake(step, options, context);
    for (const name of present) await copyFile(join(out, name), join(making, name));
    await rm(work, { recursive: true, force: true });
  });
  return { folder, absent };
}

const store = (key: string, context: KernelContext, fill: (folder: string) => Promise<void>) =>
  makeEntry('suites', key, fill, { signal: context.signal, onWait: (text) => tell(context, text) });
