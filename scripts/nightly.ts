/**
 * The matrix of a night: every cell of it in a run of its own, then one report and one summary of them all. Started again,
 * it goes on where it was.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mergeCommand } from '../harness/cli/commands/merge.ts';
import { toolVersion } from '../harness/cli/parse.ts';
import { MmapvetError, messageOf, usageError } from '../harness/core/errors.ts';
import { EXIT } from '../harness/core/outcome.ts';
import { KERNEL_CONFIG, PROJECT, stateFolder } from '../harness/core/paths.ts';
import { createScreen } from '../harness/core/screen.ts';
import { globToRegExp } from '../harness/core/words.ts';
import { inline } from '../harness/report/github-summary.ts';
import { writeFileAtomic } from '../harness/results/atomic.ts';
import { loadConfig } from '../harness/run/config-file.ts';
import { interruptible, Interrupted } from '../harness/run/interrupt.ts';
import { evidenceFile, matrixEvidence } from '../harness/vet/nightly/evidence.ts';
import { jobsOfShard, parseShard } from '../harness/vet/nightly/jobs.ts';
import {
  cellResults,
  CELLS,
  isDone,
  isNight,
  readNight,
  writeNight,
  type Night,
  type NightJob,
} from '../harness/vet/nightly/night.ts';
import { NIGHTLY_HELP, parseNightly, type NightlyValues } from '../harness/vet/nightly/options.ts';
import { planNight } from '../harness/vet/nightly/plan.ts';
import { collectCells, runJobs } from '../harness/vet/nightly/run.ts';
import { interruptedLines, nightExitCode, nightSummary } from '../harness/vet/nightly/summary.ts';

const screen = createScreen(process.stdout, process.stderr);
const say = (text: string): void => screen.out(`${text}\n`);
// oxlint-disable-next-line unicorn/no-process-exit -- the second Ctrl+C
const { signal, dispose } = interruptible(screen, (code) => process.exit(code));

async function openNight(folder: string, values: NightlyValues): Promise<Night> {
  if (isNight(folder)) return readNight(folder);
  if (values.report) throw usageError('NIGHT_NONE', `"${folder}" is no night.`, 'Name a folder that has night.json.');
  const found = await loadConfig(process.cwd(), values.config);
  const standard = values.config === undefined && found.matrix.length === 0;
  const file = standard ? join(KERNEL_CONFIG, 'nightly.yaml') : found.files[0]!;
  const config = standard ? await loadConfig(process.cwd(), file) : found;
  return planNight(config, { tool: `mmapvet ${toolVersion()}`, folder, file, signal, note: say });
}

/** @throws MmapvetError CELL_UNKNOWN, SHARD_BAD, SHARD_EMPTY (usage) */
function chooseJobs(night: Night, values: NightlyValues): readonly NightJob[] {
  const globs = (values.cell ?? '')
    .split(',')
    .filter(Boolean)
    .map((glob) => ({ glob, has: globToRegExp(glob) }));
  for (const { glob, has } of globs)
    if (!night.jobs.some(({ id }) => has.test(id)))
      throw usageError(
        'CELL_UNKNOWN',
        `The matrix has no cell "${glob}".`,
        'Run "scripts/nightly --list" to see them.',
      );
  const named = night.jobs.filter(({ id }) => globs.length === 0 || globs.some(({ has }) => has.test(id)));
  if (values.shard === undefined) return named;
  const shard = parseShard(values.shard);
  return jobsOfShard(named, new Map(named.map(({ id, weightMs }) => [id, weightMs])), shard);
}

async function report(folder: string): Promise<void> {
  const merged = join(folder, 'merged');
  rmSync(merged, { recursive: true, force: true });
  const exports = [`html=${join(folder, 'night.html')}`, `kcidb=${join(folder, 'night.kcidb.json')}`];
  const github = (process.env['GITHUB_ACTIONS'] ?? '') === '' ? [] : ['github'];
  await mergeCommand([join(folder, CELLS)], { reporter: [...exports, ...github], output: merged }, { screen, signal });
}

function keepEvidence(folder: string, jobs: readonly NightJob[]): void {
  const place = join(PROJECT, 'docs/evidence/matrix');
  mkdirSync(place, { recursive: true });
  for (const job of jobs) {
    const results = cellResults(folder, job);
    if (!isDone(results)) continue;
    const file = join(place, evidenceFile(job));
    writeFileAtomic(file, `${JSON.stringify(matrixEvidence(job, results), null, 2)}\n`);
    say(`Kept: ${file}`);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseNightly(process.argv.slice(2));
  if (values.help) {
    screen.out(NIGHTLY_HELP);
    return EXIT.good;
  }
  const today = new Date().toISOString().slice(0, 10);
  const folder = resolve(values.folder ?? join(stateFolder(), 'nightly', today));
  const night = await openNight(folder, values);
  const jobs = chooseJobs(night, values);
  if (values.list) {
    for (const job of jobs)
      say(`${job.id.padEnd(32)} ${Math.ceil(job.weightMs / 60_000)} min  ${night.kernels[job.kernel]!.source}`);
    return EXIT.good;
  }
  if (!isNight(folder)) writeNight(folder, night);
  if (values.plan) {
    say(join(folder, 'night.json'));
    return EXIT.good;
  }
  const codes = values.report
    ? new Map<string, number>()
    : await runJobs({ folder, night, jobs, words: positionals, signal, say });
  if (signal.aborted) {
    const cells = collectCells(folder, night, jobs, codes);
    say(
      interruptedLines(cells, process.argv.slice(2), { path: folder, named: values.folder !== undefined }).join('\n'),
    );
    return EXIT.interrupted;
  }
  const cells = collectCells(
    folder,
    night,
    jobs,
    codes,
    values.against === undefined ? undefined : resolve(values.against),
  );
  const title = `Night of ${night.at.slice(0, 10)}`;
  say(`\n${nightSummary(title, cells).join('\n')}`);
  const markdown = `${nightSummary(title, cells, inline).join('\n')}\n`;
  writeFileSync(join(folder, 'summary.md'), markdown);
  const page = process.env['GITHUB_STEP_SUMMARY'] ?? '';
  if (page !== '') appendFileSync(page, markdown);
  if (cells.some(({ results }) => results !== null)) await report(folder);
  if (values.evidence) keepEvidence(folder, jobs);
  say(folder);
  return nightExitCode(cells);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Interrupted) process.exitCode = EXIT.interrupted;
  else {
    const known = error instanceof MmapvetError;
    screen.err(`scripts/nightly: ${messageOf(error)}${known ? ` [${error.code}]` : ''}\n`);
    if (known && error.hint !== undefined) screen.err(`hint: ${error.hint}\n`);
    process.exitCode = known ? error.exit : EXIT.undecided;
  }
} finally {
  dispose();
}
