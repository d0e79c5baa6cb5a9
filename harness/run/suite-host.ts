/** tools/testing/vma of a kernel, run on this machine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SuiteProgram } from '../contract/suites.ts';
import { spawn } from '../core/exec.ts';
import { CASES, type SuiteBuild } from '../kernel/suites.ts';
import { readUserland } from '../probe/userland.ts';
import type { ProgramEnd } from '../results/suite-verdict.ts';
import { settleAbsent, type SuiteLedger } from './suite-ledger.ts';
import { filesOf, lastWords, limitOf, since, type SuiteOptions } from './suite-program.ts';

/** A sanitizer's first complaint is the end: what comes after it means nothing. */
const SANITIZERS = { ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' };

const KEPT_BYTES = 8 * 1024 * 1024;

export async function runUserland(build: SuiteBuild, ledger: SuiteLedger, options: SuiteOptions): Promise<void> {
  settleAbsent(build, ledger);
  for (const program of ledger.pending)
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    await runOnHost(build.folder, program, ledger, options);
}

async function runOnHost(
  folder: string,
  program: SuiteProgram,
  ledger: SuiteLedger,
  options: SuiteOptions,
): Promise<void> {
  const { signal } = options;
  const seconds = limitOf(options);
  const names = (await readFile(join(folder, CASES), 'utf8')).split('\n').filter(Boolean);
  ledger.begin(program);
  const began = performance.now();
  const done = await spawn([join(folder, program.name)], {
    env: SANITIZERS,
    timeout: seconds * 1000,
    cancelSignal: signal,
    maxBuffer: KEPT_BYTES,
    reject: false,
  });
  signal.throwIfAborted();
  const [stdout, stderr] = [String(done.stdout), String(done.stderr)];
  const end: ProgramEnd = done.timedOut
    ? { kind: 'timeout', seconds }
    : done.exitCode === undefined
      ? { kind: 'signal', signal: done.signal ?? 'a signal' }
      : { kind: 'exit', code: done.exitCode };
  const list = readUserland(stdout, stderr, names);
  ledger.settle(
    program,
    { kind: 'ran', end, list, lastWords: lastWords(stderr), durationMs: since(began) },
    { files: filesOf(stdout, stderr) },
  );
}
