/**
 * File and line for the frames of faults, inlined functions included, from the kernel's and the modules' own debug
 * information. Frames are found by symbol and offset: the addresses of a run are shuffled, and seldom printed.
 */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { crossCompileFor, TARGETS, type Arch } from '../core/arch.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import type { Fault, Frame } from '../core/events.ts';
import { run } from '../core/exec.ts';
import { findProgram } from '../host/find.ts';
import { parseAddr2line, shortPath, treeOf, type SourcePlace } from './addr2line.ts';
import { isPointerTo } from './frames.ts';
import { parseSymbolTable, symbolOf, type SymbolTable } from './symbol-table.ts';

export interface SymbolFiles {
  readonly vmlinux: string | null;
  readonly modules: readonly string[];
}

interface Place {
  readonly fault: number;
  readonly frame: number;
  readonly address: bigint;
}

interface Job {
  readonly file: string;
  readonly tools: string;
  /** Null in a linked kernel, whose addresses are absolute. */
  readonly section: string | null;
  readonly places: Place[];
}

/** Every kernel has it, and in this file. */
const KNOWN = { function: 'start_kernel', file: 'init/main.c' } as const;
const TIMEOUT_MS = 120_000;

export const moduleName = (file: string): string => basename(file).replace(/\.ko$/, '').replaceAll('-', '_');

/** @throws MmapvetError (usage) SYMBOLS_FILE for a file that is not there, or no ELF file of a known machine */
async function archOf(file: string): Promise<Arch> {
  const bad = (what: string) =>
    usageError('SYMBOLS_FILE', `"${file}" ${what}.`, 'Name the vmlinux or .ko file that the kernel was built with.');
  const handle = await open(file).catch(() => {
    throw bad('can not be read');
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0);
    if (bytesRead < 20 || buffer.toString('latin1', 0, 4) !== '\u007fELF') throw bad('is no ELF file');
    const machine = buffer.readUInt16LE(18);
    const arch = TARGETS.find((target) => target.arch.elfMachine === machine)?.arch;
    if (arch === undefined) throw bad(`is for a machine that mmapvet does not know (ELF machine ${machine})`);
    return arch;
  } finally {
    await handle.close();
  }
}

/** The cross prefix of binutils for a file; the host's own tools where there is none. */
async function toolsFor(file: string): Promise<string> {
  const prefix = crossCompileFor(await archOf(file));
  return (await findProgram(`${prefix}addr2line`)) === null ? '' : prefix;
}

/**
 * The same faults with file and line where they could be found. One `objdump` and one `addr2line` a file, however many
 * faults there are.
 * @throws MmapvetError SYMBOLS_FILE, EXEC_MISSING, EXEC_FAILED, EXEC_TIMEOUT
 */
export async function symbolize(
  faults: readonly Fault[],
  files: SymbolFiles,
  signal?: AbortSignal,
): Promise<readonly Fault[]> {
  const wanted = new Set(faults.flatMap((fault) => (fault.frames ?? []).map((frame) => frame.module)));
  const jobs: Job[] = [];
  let known: Job | null = null;
  if (files.vmlinux !== null) {
    const found = await jobsFor(files.vmlinux, null, faults, signal);
    jobs.push(...found.jobs);
    const start = found.table.get(KNOWN.function)?.[0];
    if (start !== undefined)
      known = {
        ...found,
        file: files.vmlinux,
        section: null,
        places: [{ fault: -1, frame: -1, address: start.address }],
      };
  }
  for (const file of files.modules)
    if (wanted.has(moduleName(file))) jobs.push(...(await jobsFor(file, moduleName(file), faults, signal)).jobs);
  const tree = known === null ? null : treeOf((await lookUp(known, signal))[0]?.[0]?.path ?? null, KNOWN.file);
  const found = new Map<string, readonly SourcePlace[]>();
  for (const job of jobs) {
    const places = await lookUp(job, signal);
    for (const [index, place] of job.places.entries()) found.set(`${place.fault} ${place.frame}`, places[index] ?? []);
  }
  return faults.map((fault, n) =>
    fault.frames === undefined
      ? fault
      : { ...fault, frames: fault.frames.flatMap((frame, m) => expand(frame, found.get(`${n} ${m}`) ?? [], tree)) },
  );
}

async function jobsFor(
  file: string,
  module: string | null,
  faults: readonly Fault[],
  signal: AbortSignal | undefined,
): Promise<{ readonly tools: string; readonly table: SymbolTable; readonly jobs: readonly Job[] }> {
  const tools = await toolsFor(file);
  const { stdout } = await run([`${tools}objdump`, '-t', file], options(signal));
  const table = parseSymbolTable(stdout);
  const jobs = new Map<string | null, Job>();
  for (const [n, fault] of faults.entries())
    for (const [m, frame] of (fault.frames ?? []).entries()) {
      const symbol = frame.module === module && frame.file === null ? symbolOf(table, frame) : null;
      if (symbol === null || frame.offset === null) continue;
      // A return address is behind its call; an instruction pointer is where it points.
      const back = fault.lines.some((line) => isPointerTo(line, frame)) ? 0 : 1;
      const section = module === null ? null : symbol.section;
      const job = jobs.get(section) ?? { file, tools, section, places: [] };
      jobs.set(section, job);
      job.places.push({ fault: n, frame: m, address: symbol.address + BigInt(frame.offset - back) });
    }
  return { tools, table, jobs: [...jobs.values()] };
}

const options = (signal: AbortSignal | undefined) => ({
  signal,
  timeoutMs: TIMEOUT_MS,
  env: { LC_ALL: 'C' },
  hint: 'Install binutils; "mmapvet doctor" names the package.',
});

async function lookUp(job: Job, signal: AbortSignal | undefined): Promise<SourcePlace[][]> {
  const section = job.section === null ? [] : ['-j', job.section];
  const { stdout } = await run([`${job.tools}addr2line`, '-a', '-i', '-f', ...section, '-e', job.file], {
    ...options(signal),
    input: job.places.map(({ address }) => `0x${address.toString(16)}\n`).join(''),
  });
  const places = parseAddr2line(stdout);
  if (places.length === job.places.length) return places;
  throw new MmapvetError('SYMBOLS_FAILED', `addr2line answered ${places.length} of ${job.places.length} questions.`);
}

/** A frame and what was inlined into it, the innermost first. */
function expand(frame: Frame, places: readonly SourcePlace[], tree: string | null): Frame[] {
  const own = places.at(-1);
  if (own === undefined) return [frame];
  // Without a line, all that is known is the object file.
  const where = ({ path, line }: SourcePlace) =>
    path === null || line === null ? { file: null, line: null } : { file: shortPath(path, tree), line };
  return [
    ...places.slice(0, -1).map((place) => ({
      ...frame,
      function: place.function,
      offset: null,
      size: null,
      inlined: true,
      ...where(place),
    })),
    // At offset 0 the call lies in the function before, which is another one.
    { ...frame, ...where(own), function: frame.offset === 0 ? own.function : frame.function },
  ];
}
