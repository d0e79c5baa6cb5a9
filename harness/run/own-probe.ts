/**
 * A probe of the user's own, one C file: written with probe.h and linked with our probes, or a program with main(), as a
 * mail has it. It is compiled before any kernel is built, so that a mistake in it is told at once.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch, Target } from '../core/arch.ts';
import { MmapvetError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import type { Build } from '../kernel/build.ts';
import { stagedGuest } from '../kernel/commands.ts';
import { stageGuest } from '../kernel/guest.ts';
import { runMake } from '../kernel/make.ts';
import { findToolchain, type Toolchain } from '../kernel/toolchain.ts';
import { parseSymbolTable } from '../probe/symbol-table.ts';
import type { BuildPlan } from './plan.ts';

export interface OwnSource {
  /** As the user names it; the compiler's words name it so. */
  readonly name: string;
  readonly text: Buffer;
}

export type OwnKind = 'probe' | 'program';

interface OwnObject {
  readonly kind: OwnKind;
  /** A folder of this object's own, without blanks in its path. */
  readonly folder: string;
  readonly name: string;
  readonly arch: Arch;
  readonly toolchain: Toolchain;
  /** The compiler's warnings. */
  readonly warnings: readonly string[];
}

/** What is sent into a guest. */
export interface OwnBinary {
  readonly kind: OwnKind;
  readonly file: string;
}

/** As a run takes it: compiled, and to be linked when a target's build is there. */
export interface OwnProbe {
  readonly title: string;
  readonly kind: OwnKind;
  link(target: Target, build: Pick<Build, 'library'>, signal: AbortSignal): Promise<OwnBinary>;
}

/**
 * Compiles a file for all targets of a plan.
 * @param folder of ours, without blanks in its path; what is made in it is needed until the run has ended
 * @throws MmapvetError as compileOwn
 */
export async function prepareOwn(
  source: OwnSource,
  plan: BuildPlan,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly own: OwnProbe; readonly warnings: readonly string[] }> {
  const objects = new Map<Target, OwnObject>();
  for (const target of plan.targets) {
    const { arch } = target;
    const toolchain = await findToolchain({ ...plan, arch }, signal);
    const place = join(folder, target.name);
    objects.set(target, await compileOwn({ source, arch, toolchain, driver: plan.driver, folder: place, signal }));
  }
  const all = [...objects.values()];
  const link: OwnProbe['link'] = async (target, { library }) => linkOwn(objects.get(target)!, library, signal);
  return {
    own: { title: source.name, kind: all[0]!.kind, link },
    warnings: [...new Set(all.flatMap(({ warnings }) => warnings))],
  };
}

interface CompileRequest {
  readonly source: OwnSource;
  readonly arch: Arch;
  readonly toolchain: Toolchain;
  /** `--driver`: its mmapvet.h counts. */
  readonly driver: string | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** @throws MmapvetError PROBE_BUILD with the compiler's words; PROBE_KIND for a file that defines neither main() nor probe() */
async function compileOwn(request: CompileRequest): Promise<OwnObject> {
  const { source, arch, toolchain, driver, folder, signal } = request;
  await stageGuest({ out: folder, driver });
  const line = Buffer.from(`#line 1 ${JSON.stringify(source.name)}\n`);
  await writeFile(join(folder, 'own.c'), Buffer.concat([line, source.text]));
  const object = { folder, name: source.name, arch, toolchain };
  const output = await make(object, signal, [`OWN=${join(folder, 'own.c')}`, join(folder, 'own.o')]);
  const { stdout } = await run(['objdump', '-t', join(folder, 'own.o')], { signal });
  const symbols = parseSymbolTable(stdout);
  const kind = symbols.has('main') ? 'program' : symbols.has('probe') ? 'probe' : null;
  if (kind === null)
    throw new MmapvetError('PROBE_KIND', `"${source.name}" defines neither main() nor probe().`, {
      blame: 'usage',
      hint: 'Write a program with main() and an exit code, or include <probe.h> and define "void probe(enum path path)".',
    });
  return { ...object, kind, warnings: output.filter((text) => /: warning: /.test(text)) };
}

/**
 * @param library the object of all probes that the guest's own are made of
 * @throws MmapvetError PROBE_BUILD
 */
async function linkOwn(object: OwnObject, library: string, signal: AbortSignal): Promise<OwnBinary> {
  const file = join(object.folder, 'own');
  const parts = object.kind === 'probe' ? library : '';
  await make(object, signal, [`OWN=${join(object.folder, 'own.c')}`, `OWN_WITH=${parts}`, file]);
  return { kind: object.kind, file };
}

async function make(
  { folder, name, arch, toolchain }: Pick<OwnObject, 'folder' | 'name' | 'arch' | 'toolchain'>,
  signal: AbortSignal,
  words: readonly string[],
): Promise<readonly string[]> {
  return runMake(
    {
      title: 'build the probe',
      command: ['make', '-C', stagedGuest(folder), `OUT=${folder}`, ...toolchain.make, ...words],
      cwd: folder,
    },
    {
      env: toolchain.env,
      strip: [stagedGuest(folder), folder],
      log: 'build.log',
      failure: (diagnosis) => {
        // The linker goes by what lies on the disk.
        const named = (line: string): string => line.replaceAll(/\bown\.c:/g, `${name}:`);
        const first = named(diagnosis.first ?? 'see below');
        return new MmapvetError('PROBE_BUILD', `"${name}" does not build for ${arch.name}: ${first}.`, {
          hint: 'Mend it, and try again.',
          details: diagnosis.lines.map(named),
        });
      },
    },
    { emit: () => {}, signal, logFolder: folder, jobs: 1 },
  );
}
