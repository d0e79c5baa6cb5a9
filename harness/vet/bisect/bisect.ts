/**
 * Which commit broke a clause: both ends are checked first, then what lies between them is halved until one commit is left.
 * The user's tree and repository are only read.
 */
import { join } from 'node:path';
import { MmapvetError } from '../../core/errors.ts';
import { plural } from '../../core/words.ts';
import { shortId, type Commit, type Line } from '../../kernel/line.ts';
import type { Series } from '../../kernel/series.ts';
import type { NamedReporter } from '../../report/multiplexer.ts';
import type { RunPlan } from '../../run/plan.ts';
import type { CellRuns } from './judge.ts';
import type { CommitQuestion } from './kernel.ts';
import type { BisectLog, Step } from './log.ts';
import { confidence, runsNeeded, type Seen } from './odds.ts';

export interface BisectRequest {
  readonly line: Line;
  /** Its `repeats` are the runs of a kernel where the fault is a steady one. */
  readonly plan: RunPlan;
  readonly patches: Series;
  readonly log: BisectLog;
  readonly tell: Tell;
  /** Builds and runs a commit: testCommit, but for tests. */
  readonly test: (question: CommitQuestion) => Promise<Step>;
}

/** What a person wants to know meanwhile. */
export interface Tell {
  /** `left` counts the commits that may still be the one, this one included; null for an end. */
  begin(what: 'bad end' | 'good end' | 'step', commit: Commit, left: number | null): void;
  progress(kernel: string): NamedReporter;
  done(step: Step, again: boolean): void;
  note(text: string): void;
}

export interface BisectResult {
  /** The one, or all that can't be told apart, since the others among them can't be judged. */
  readonly suspects: readonly Commit[];
  /** The chance that no bad kernel was called good. */
  readonly confidence: number;
  /** Runs of bad kernels. */
  readonly seen: Seen;
  /** What the first bad kernel that was run shows. */
  readonly shown: readonly CellRuns[];
  readonly steps: readonly Step[];
}

/** Where the fault comes and goes, the bad end is run so often to learn how often it comes. */
const RARE_RUNS = 12;

/** @throws MmapvetError BISECT_BAD_IS_GOOD, BISECT_GOOD_IS_BAD, BISECT_END; those of `test`; the abort reason */
export async function bisect(request: BisectRequest): Promise<BisectResult> {
  const search = new Search(request);
  const { line, tell } = request;
  const { plan } = request;
  const bad = await search.test('bad end', line.bad, null, plan.repeats);
  if (bad.verdict !== 'bad') throw endError('bad', line.bad, bad);
  search.narrow(bad.cells.filter(({ shown }) => shown > 0));

  const good = await search.test('good end', line.good, null, search.needed);
  const both = good.cells.filter(({ shown }) => shown > 0);
  if (good.verdict === 'skipped' || both.length === search.cells.length) throw endError('good', line.good, good);
  if (both.length > 0) {
    tell.note(`Left out, since the good end shows it as well: ${both.map(({ name }) => name).join(', ')}`);
    search.narrow(search.cells.filter(({ name }) => both.every((cell) => cell.name !== name)));
    search.amend({ ...good, verdict: 'good', cells: good.cells.filter(({ shown }) => shown === 0) });
  }
  const suspects = await halve(search, line);
  return {
    suspects: await Promise.all(suspects.map((commit) => line.describe(commit))),
    confidence: confidence(search.seen, search.goodRuns),
    seen: search.seen,
    shown: search.stepOf(suspects.at(-1) ?? line.bad.commit)?.cells.filter(({ shown }) => shown > 0) ?? [],
    steps: search.steps,
  };
}

/** @returns the commits that are left: the last of them is bad, the others can't be judged */
async function halve(search: Search, line: Line): Promise<readonly string[]> {
  let bad = line.bad.commit;
  const goods = [line.good.commit];
  const skipped = new Set<string>();
  for (;;) {
    const left = await line.candidates(bad, goods);
    const next = left.find((commit) => commit !== bad && !skipped.has(commit));
    if (next === undefined) return left;
    const { verdict } = await search.test('step', await line.describe(next), left.length, search.needed);
    switch (verdict) {
      case 'bad':
        bad = next;
        break;
      case 'good':
        goods.push(next);
        break;
      case 'skipped':
        skipped.add(next);
        break;
    }
  }
}

/** What is known so far, and how more is learnt. */
class Search {
  readonly #request: BisectRequest;
  readonly #steps: Step[] = [];
  #cells: readonly CellRuns[] = [];

  constructor(request: BisectRequest) {
    this.#request = request;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** The cells that tell good from bad, as the bad end has them. */
  get cells(): readonly CellRuns[] {
    return this.#cells;
  }

  narrow(cells: readonly CellRuns[]): void {
    this.#cells = cells;
  }

  /** What a step means now that fewer cells count. */
  amend(step: Step): void {
    const at = this.#steps.findIndex(({ commit }) => commit === step.commit);
    this.#steps.splice(at, 1, step);
  }

  stepOf = (commit: string): Step | undefined => this.#steps.find((step) => step.commit === commit);

  /** The runs of all bad kernels, by the cell that shows the fault most often. */
  get seen(): Seen {
    const rate = ({ shown, runs }: Seen): number => (runs === 0 ? 0 : shown / runs);
    const witness = this.#cells.toSorted((a, b) => rate(b) - rate(a))[0]?.name;
    const runs = this.#steps
      .filter(({ verdict, sameAs }) => verdict === 'bad' && sameAs === null)
      .flatMap(({ cells }) => cells.filter(({ name }) => name === witness));
    return { shown: sum(runs.map((each) => each.shown)), runs: sum(runs.map((each) => each.runs)) };
  }

  get needed(): number {
    return runsNeeded(this.seen, this.#request.plan.repeats);
  }

  /** The runs of each good kernel. */
  get goodRuns(): readonly number[] {
    return this.#steps
      .filter(({ verdict, sameAs }) => verdict === 'good' && sameAs === null)
      .map(({ cells }) => Math.min(...cells.map(({ runs }) => runs)));
  }

  /** Tests a commit, or takes what the log has of it. */
  async test(
    what: 'bad end' | 'good end' | 'step',
    commit: Commit,
    left: number | null,
    needed: number,
  ): Promise<Step> {
    const { line, plan, patches, log, tell, test } = this.#request;
    const known = log.steps.find((step) => step.commit === commit.commit);
    tell.begin(what, commit, left);
    const wanted = new Set(this.#cells.map(({ name }) => name));
    const question: CommitQuestion = {
      tree: line.tree,
      commit: commit.commit,
      plan: wanted.size === 0 ? plan : narrowPlan(plan, wanted),
      patches,
      cells: wanted.size === 0 ? null : wanted,
      needed,
      bad: what === 'bad end' ? RARE_RUNS : 0,
      before: this.#steps,
      folder: join(log.folder, `${Date.now()}-${shortId(commit.commit)}`),
      progress: (kernel) => tell.progress(kernel),
    };
    const step = known ?? (await test(question));
    if (known === undefined) log.add(step);
    this.#steps.push(step);
    tell.done(step, known !== undefined);
    return step;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** Only what the fault shows in is built and run. */
function narrowPlan(plan: RunPlan, cells: ReadonlySet<string>): RunPlan {
  const names = [...cells];
  return {
    ...plan,
    targets: plan.targets.filter(({ name }) => names.some((cell) => cell.endsWith(` ${name}`))),
    checks: plan.checks.filter(({ clause, path }) => names.some((cell) => cell.startsWith(`${clause.id}.${path} `))),
  };
}

function endError(end: 'good' | 'bad', commit: Commit, step: Step): MmapvetError {
  const what = `The ${end} end, ${shortId(commit.commit)} "${commit.subject}"`;
  if (step.verdict === 'skipped')
    return new MmapvetError('BISECT_END', `${what}, can't be judged: ${step.why}.`, {
      hint: `Give another --${end}.`,
    });
  if (end === 'bad')
    return new MmapvetError(
      'BISECT_BAD_IS_GOOD',
      `${what}, shows no fault in ${plural(Math.min(...step.cells.map(({ runs }) => runs)), 'run')}.`,
      { hint: 'Give a commit that fails; if it fails only now and then, raise --repeat.' },
    );
  const shown = step.cells.filter((cell) => cell.shown > 0);
  return new MmapvetError('BISECT_GOOD_IS_BAD', `${what}, is bad as well.`, {
    details: shown.map((cell) => `${cell.name}: ${cell.shown} of ${cell.runs} runs: ${cell.reason}`),
    hint: 'Give an older commit with --good.',
  });
}
