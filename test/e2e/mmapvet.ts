/** Runs the real program, as a user would, and reads what it says. */
import { join } from 'node:path';
import { spawn } from '../../harness/core/exec.ts';
import { PROJECT } from '../../harness/core/paths.ts';
import { Results } from '../../harness/results/results.ts';
import { recordDecidedCells } from '../counts.ts';

export interface Finished {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export async function mmapvet(...args: readonly string[]): Promise<Finished> {
  const result = await spawn([join(PROJECT, 'scripts/mmapvet'), ...args], { reject: false, env: { CI: 'true' } });
  return { code: result.exitCode, stdout: String(result.stdout), stderr: String(result.stderr) };
}

/** `mmapvet run --json …`; what it printed beside is in the error of a run that gave no results. */
export async function runForResults(
  ...args: readonly string[]
): Promise<{ code: number | undefined; results: Results }> {
  const { code, stdout, stderr } = await mmapvet('run', '--json', ...args);
  try {
    const results = Results.parse(JSON.parse(stdout));
    recordDecided(results);
    return { code, results };
  } catch (error) {
    throw new Error(`no results (exit ${code}):\n${stderr}\n${stdout.slice(0, 2000)}`, { cause: error });
  }
}

const DECIDED = ['pass', 'fail', 'changed', 'fault', 'flaky', 'known'];

export function recordDecided(results: Pick<Results, 'cells'>): void {
  const targets = new Set(results.cells.map((cell) => cell.target));
  for (const target of targets)
    recordDecidedCells(
      target,
      results.cells.filter((cell) => cell.target === target && DECIDED.includes(cell.outcome)).length,
    );
}

/** `E02.direct: fail: reason` for each cell that is not a plain pass. */
export const notPassed = (results: Results): string[] =>
  results.cells
    .filter((cell) => cell.outcome !== 'pass')
    .map((cell) => `${cell.target} ${cell.clause}.${cell.path}: ${cell.outcome}: ${cell.reason}`);

/** Cells that the kernel or the driver turned: red, or changed. */
export const redCells = (results: Results): string[] =>
  results.cells
    .filter((cell) => ['fail', 'changed', 'fault', 'flaky', 'error', 'vacuous'].includes(cell.outcome))
    .map((cell) => `${cell.clause}.${cell.path}`)
    .toSorted();
