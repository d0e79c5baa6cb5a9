/**
 * Everything that CI runs, in order: what the host needs, static checks, unit, integration and end-to-end tests. Nothing
 * that fails hides what comes after it. The last line is the sum of all.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_TARGETS } from '../harness/core/arch.ts';
import { MmapvetError, messageOf } from '../harness/core/errors.ts';
import { spawn } from '../harness/core/exec.ts';
import { EXIT } from '../harness/core/outcome.ts';
import { PROJECT } from '../harness/core/paths.ts';
import { createScreen } from '../harness/core/screen.ts';
import { checkHost, checkTools, lacksOf } from '../harness/host/doctor.ts';
import { provision } from '../harness/host/provision.ts';
import { addCounts, closingLine, NO_TESTS, readCounts, readDecidedCells, type TestCounts } from '../test/counts.ts';
import { runMatrixCell } from './matrix-cell.ts';
import { CHECK_TOOLS, CHECKPATCH, STATIC_CHECKS, toolsEnv, type Check, type Verdict } from './checks.ts';

const HELP = `Usage: scripts/test [options]

  --quick          without the end-to-end tests, which build and boot kernels
  --filter TEXT    only the test files whose path contains TEXT, and no other check
  --matrix-cell ID this cell of kernel-config/nightly.yaml instead of the day's, or none
  -y, --yes        install missing packages without a question
  -h, --help       this text
`;

/** What all of it may take, cold, on two cores; performance.now() counts from the start of this process. */
const HOUR_MS = 3600 * 1000;

const screen = createScreen(process.stdout, process.stderr);
const say = (text: string): void => screen.out(`${text}\n`);

let total = NO_TESTS;
const count = (counts: Partial<TestCounts>): void => {
  total = addCounts(total, { ...NO_TESTS, ...counts });
};

function report(name: string, verdict: Verdict): void {
  count({ [verdict.kind]: 1 });
  switch (verdict.kind) {
    case 'passed':
      return say(`${screen.style('green', '✓')} ${name}`);
    case 'failed':
      return say(`${screen.style('red', '✗')} ${name}\n${verdict.output.replaceAll(/^/gm, '    ')}`);
    case 'skipped':
      return say(`${screen.style('yellow', '-')} ${name} SKIPPED: ${verdict.why}`);
  }
}

/** A tool that only a check needs may stay missing; that check then says so. */
async function prepareHost(yes: boolean, quick: boolean): Promise<Verdict> {
  const checkNeeded = async () => (quick ? [] : checkHost(DEFAULT_TARGETS));
  const needed = await checkNeeded();
  try {
    await provision([...needed, ...(await checkTools(CHECK_TOOLS))], { screen, yes });
  } catch (error) {
    if (!(error instanceof MmapvetError)) throw error;
    const stillNeeded = lacksOf(await checkNeeded());
    if (stillNeeded.length > 0)
      return { kind: 'failed', output: [error.message, error.hint ?? '', ...error.details].join('\n') };
  }
  return { kind: 'passed' };
}

/** All at once, told in order. */
async function runChecks(checks: readonly Check[]): Promise<void> {
  const verdicts = checks.map(async ({ name, decide }) => {
    try {
      return { name, verdict: await decide() };
    } catch (error) {
      return { name, verdict: { kind: 'failed', output: messageOf(error) } as const };
    }
  });
  for (const verdict of verdicts) {
    const told = await verdict;
    report(told.name, told.verdict);
  }
}

async function runTests(project: string, folder: string, filter: string | undefined): Promise<void> {
  say(`\n${screen.style('bold', `${project} tests`)}`);
  const countsFile = join(folder, `${project}.counts`);
  const words = ['run', '--project', project, ...(filter === undefined ? [] : ['--passWithNoTests', filter])];
  const { exitCode } = await spawn([join(PROJECT, 'node_modules/.bin/vitest'), ...words], {
    cwd: PROJECT,
    env: { ...toolsEnv(), MMAPVET_TEST_COUNTS: countsFile, MMAPVET_TEST_SUMMARY: join(folder, 'decided') },
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
  });
  const counts = readCounts(await readFile(countsFile, 'utf8').catch(() => ''));
  count(counts ?? {});
  // It broke without saying in which test.
  if (exitCode !== 0 && (counts?.failed ?? 0) === 0)
    report(`${project} tests`, { kind: 'failed', output: `vitest ended with exit code ${exitCode ?? 'unknown'}.` });
}

/** Green tests that never asked a real kernel would be worth nothing. */
async function reportDecidedCells(folder: string): Promise<void> {
  const cells = readDecidedCells(await readFile(join(folder, 'decided'), 'utf8').catch(() => ''));
  const numbers = DEFAULT_TARGETS.map(({ name }) => ({ name, cells: cells.get(name) ?? 0 }));
  const without = numbers.filter((target) => target.cells === 0).map(({ name }) => name);
  if (without.length > 0)
    report('real cells', { kind: 'failed', output: `No real kernel decided a cell on ${without.join(', ')}.` });
  say(`\nreal cells decided: ${numbers.map((target) => `${target.name} ${target.cells}`).join(', ')}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      filter: { type: 'string' },
      'matrix-cell': { type: 'string' },
      yes: { type: 'boolean', short: 'y', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    screen.out(HELP);
    return EXIT.good;
  }
  const { quick, filter } = values;
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  try {
    if (filter === undefined) {
      report('host', await prepareHost(values.yes, quick));
      await runChecks(STATIC_CHECKS);
    }
    // On a new machine the kernel source, and checkpatch with it, comes with the first end-to-end test.
    const early = filter === undefined ? await CHECKPATCH.decide() : null;
    const late = early?.kind === 'skipped' && !quick;
    if (early !== null && !late) report(CHECKPATCH.name, early);
    await runTests('unit', folder, filter);
    await runTests('integration', folder, filter);
    if (!quick) await runTests('e2e', folder, filter);
    if (late) await runChecks([CHECKPATCH]);
    if (!quick && filter === undefined) {
      say(`\n${screen.style('bold', 'one more cell of the matrix')}`);
      const leftMs = HOUR_MS - performance.now();
      const { name, verdict } = await runMatrixCell({ wanted: values['matrix-cell'], leftMs, now: new Date() });
      report(name, verdict);
    }
    if (!quick && filter === undefined) await reportDecidedCells(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  say(`\n${closingLine(total)}`);
  return total.failed === 0 && total.passed > 0 ? EXIT.good : EXIT.bad;
}

try {
  process.exitCode = await main();
} catch (error) {
  screen.err(`scripts/test: ${messageOf(error)}\n`);
  count({ failed: 1 });
  say(`\n${closingLine(total)}`);
  process.exitCode = EXIT.bad;
}
