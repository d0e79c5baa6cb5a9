/** A run as a KCIDB document: one checkout, a build a target, a test a cell, an issue a kernel fault. Pure. */
import { TARGETS } from '../../core/arch.ts';
import type { Cell, CellId, Fault, KernelIdentity, Part } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import { patchsetHash } from '../../kernel/patchset.ts';
import { harmless } from '../../probe/untrusted.ts';
import { titleOf } from '../catalogue.ts';
import type { ReportOptions } from '../reporter.ts';
import {
  cellKey,
  damageOf,
  decidedCells,
  factsOf,
  stoppedBy,
  undecidedCells,
  type RunState,
  type TargetState,
} from '../run-state.ts';
import { excerpt } from './excerpt.ts';
import { hashOf, idOf, type Submitter } from './origin.ts';
import type { Kcidb, KcidbBuild, KcidbCheckout, KcidbIncident, KcidbIssue, KcidbStatus, KcidbTest } from './schema.ts';

interface Context {
  readonly state: RunState;
  readonly options: ReportOptions;
  readonly submitter: Submitter;
  readonly checkoutId: string;
  readonly facts: Omit<Part, 'name'>;
  /** The same for this run wherever its folder lies. */
  readonly runKey: string;
}

/** Issues are the same for all who meet them: their first version is never changed. */
const ISSUE_VERSION = 1;

export function kcidbDocument(state: RunState, options: ReportOptions, submitter: Submitter): Kcidb {
  const runKey = hashOf(state.startedAt, state.tool, state.profile, ...state.command, ...state.targets.keys());
  const targets = state.kernel === null ? [] : [...state.targets.values()];
  const checkouts = new Map<string, KcidbCheckout>();
  const addCheckout = (kernel: KernelIdentity | null): string => {
    const checkout = checkoutOf(state, kernel, submitter, runKey);
    checkouts.set(checkout.id, checkout);
    return checkout.id;
  };
  if (targets.length === 0) addCheckout(state.kernel);
  const parts = targets.map((target) => {
    const facts = factsOf(state, target);
    return targetParts(target, { state, options, submitter, checkoutId: addCheckout(facts.kernel), facts, runKey });
  });
  const issues = new Map(parts.flatMap((part) => part.issues).map((issue) => [issue.id, issue]));
  return {
    version: { major: 5, minor: 3 },
    checkouts: [...checkouts.values()],
    builds: parts.flatMap((part) => part.builds),
    tests: parts.flatMap((part) => part.tests),
    issues: [...issues.values()],
    incidents: parts.flatMap((part) => part.incidents),
  };
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function checkoutOf(
  state: RunState,
  kernel: KernelIdentity | null,
  submitter: Submitter,
  runKey: string,
): KcidbCheckout {
  const { origin, treeName, gitUrl, gitBranch } = submitter;
  const start = state.startedAt === null ? {} : { start_time: timeOf(state.startedAt) };
  if (kernel === null) {
    const why = state.notes.filter((note) => note.level === 'error').map((note) => note.text);
    return {
      id: idOf(submitter, 'checkout', runKey),
      origin,
      ...start,
      valid: false,
      ...(why.length === 0 ? {} : { log_excerpt: excerpt(why) }),
      misc: { tool: state.tool },
    };
  }
  const { version, commit, packageVersion, dirty, series } = kernel;
  const patchset = patchsetHash(series);
  return {
    // Nobody else has this one's uncommitted edits, and the next run may have others.
    id: idOf(submitter, 'checkout', ...placeOf(kernel), version, commit, packageVersion, patchset, dirty ? runKey : ''),
    origin,
    ...(treeName === null ? {} : { tree_name: treeName }),
    ...(gitUrl === null ? {} : { git_repository_url: gitUrl }),
    ...(gitBranch === null ? {} : { git_repository_branch: gitBranch }),
    ...(commit !== null && /^[0-9a-f]{40}$/.test(commit) ? { git_commit_hash: commit } : {}),
    patchset_hash: patchset,
    comment: `linux ${harmless(version)} (${publicSource(kernel)})`,
    ...start,
    valid: true,
    misc: {
      tool: state.tool,
      version,
      source: publicSource(kernel),
      ...(packageVersion === null ? {} : { package: packageVersion }),
      dirty,
      ...(damageOf(state).length === 0 ? {} : { damage: damageOf(state) }),
      patches: series.map(({ subject, author, sha256 }) => ({
        subject: harmless(subject),
        author: harmless(author),
        sha256,
      })),
    },
  };
}

/** A commit or package is the same on every machine; only a plain folder is known by its path. */
const placeOf = ({ source, commit, packageVersion }: KernelIdentity): string[] =>
  commit === null && packageVersion === null ? [source] : [];

/** Where a folder lies on the submitter's disk is nobody else's business. */
function publicSource({ source, commit, packageVersion, dirty }: KernelIdentity): string {
  const what = commit?.slice(0, 12) ?? (packageVersion === null ? 'a local folder' : source);
  return harmless(what + (dirty ? ', uncommitted edits' : ''));
}

interface Parts {
  readonly builds: readonly KcidbBuild[];
  readonly tests: readonly KcidbTest[];
  readonly issues: readonly KcidbIssue[];
  readonly incidents: readonly KcidbIncident[];
}

function targetParts(target: TargetState, context: Context): Parts {
  const build = buildOf(target, context);
  const cells = decidedCells(target).map((cell) => ({
    test: cellTest(cell, target, build.id, context),
    faults: cell.outcome === 'fault' ? faultsOf(cell) : [],
  }));
  const outside = target.faults.map(({ during, fault }, index) => ({
    test: faultTest(during, fault, index, target, build.id, context),
    faults: [fault],
  }));
  // No test was started on a kernel that does not build; its build says so.
  const missed = build.status === 'PASS' ? undecidedCells(target) : [];
  const tests = [...cells, ...outside];
  const found = tests.flatMap(({ test, faults }) => faults.map((fault) => issueAndIncident(fault, test, context)));
  return {
    builds: [build],
    tests: [
      ...tests.map(({ test }) => test),
      ...decidedCells(target).flatMap((cell) => caseTests(cell, target, build.id, context)),
      ...missed.map((cell) => missedTest(cell, target, build.id, context)),
    ],
    issues: found.map(({ issue }) => issue),
    incidents: [...new Map(found.map(({ incident }) => [incident.id, incident])).values()],
  };
}

/** A taint without a splat is a fault too. */
const faultsOf = (cell: Cell): readonly Fault[] =>
  cell.faults.length > 0 ? cell.faults : [{ class: 'other', title: cell.reason, lines: [] }];

const BUILD_STAGES = ['config', 'build'] as const;

function buildOf(target: TargetState, { state, submitter, checkoutId, facts, runKey }: Context): KcidbBuild {
  const { build, stages } = target;
  const arch =
    TARGETS.find((each) => each.name === facts.target)?.arch.name ?? facts.target.replaceAll(/[^a-z0-9_]/g, '_');
  const stage = stages.get('build');
  const status = buildStatus(target);
  const why = stoppedBy(target, state);
  return {
    id: idOf(submitter, 'build', checkoutId, facts.target, facts.profile, build?.key ?? runKey),
    origin: submitter.origin,
    checkout_id: checkoutId,
    architecture: arch,
    config_name: facts.profile,
    ...(build === null ? {} : { compiler: harmless(build.compiler) }),
    ...(stage === undefined || stage.reused
      ? {}
      : { start_time: timeOf(stage.startedAt), duration: stage.durationMs / 1000 }),
    status,
    ...(status === 'PASS' || why === null ? {} : { log_excerpt: excerpt([why.reason]) }),
    misc: {
      target: facts.target,
      ...(build === null ? {} : { key: build.key, config_sha256: build.configHash, release: build.release }),
      ...(status === 'PASS' || undecidedCells(target).length === 0
        ? {}
        : { cells_not_run: undecidedCells(target).length }),
    },
  };
}

/** FAIL is the kernel's own fault: what is ours, a missing compiler or a full disk, is an ERROR. */
function buildStatus(target: TargetState): KcidbStatus {
  if (target.build !== null) return 'PASS';
  if (target.notes.some((note) => KERNEL_BROKEN.has(note.code))) return 'FAIL';
  if (BUILD_STAGES.some((name) => target.stages.get(name)?.state === 'failed')) return 'ERROR';
  const cells = decidedCells(target);
  // Without the hook nothing is built, and nothing is wrong.
  return cells.length > 0 && cells.every((cell) => cell.outcome === 'not-applicable') ? 'SKIP' : 'MISS';
}

const KERNEL_BROKEN: ReadonlySet<string> = new Set(['BUILD_FAILED', 'CONFIG_FAILED']);

function statusOf({ outcome, ran }: Pick<Cell, 'outcome' | 'ran'>): KcidbStatus {
  switch (outcome) {
    case 'pass':
    case 'changed':
      return 'PASS';
    case 'fail':
    case 'fault':
    case 'flaky':
      return 'FAIL';
    case 'vacuous':
      return 'ERROR';
    case 'error':
      return ran ? 'ERROR' : 'MISS';
    case 'known':
    case 'not-applicable':
      return 'SKIP';
  }
}

const MARKED: Readonly<Partial<Record<Outcome, string>>> = { flaky: 'flaky', changed: 'changed', known: 'known' };

function cellTest(cell: Cell, target: TargetState, buildId: string, context: Context): KcidbTest {
  const decidedAt = target.decidedAt.get(cellKey(cell));
  const mark = MARKED[cell.outcome];
  return {
    ...testHead(cell, target, buildId, context),
    status: statusOf(cell),
    ...(decidedAt === undefined || !cell.ran ? {} : { start_time: timeOf(decidedAt - cell.durationMs) }),
    ...(cell.ran ? { duration: cell.durationMs / 1000 } : {}),
    ...(cell.outcome === 'pass' ? {} : { log_excerpt: excerpt(excerptLines(cell)) }),
    misc: {
      outcome: cell.outcome,
      ...(cell.reason === '' ? {} : { reason: harmless(cell.reason) }),
      ...(mark === undefined ? {} : { [mark]: true }),
      ...(cell.repeats.length === 0 ? {} : { repeats: cell.repeats.map((each) => each.outcome) }),
    },
  };
}

/** The test cases of a program of the kernel's own tests, each a test below it. */
function caseTests(cell: Cell, target: TargetState, buildId: string, context: Context): KcidbTest[] {
  const head = testHead(cell, target, buildId, context);
  const { submitter, runKey } = context;
  return (cell.cases ?? []).map(({ name, outcome, reason }, index) => ({
    ...head,
    id: idOf(submitter, 'case', buildId, runKey, cell.clause, cell.path, cell.target, cell.profile, index, name),
    path: `${head.path}.${name.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '_')}`,
    comment: harmless(name),
    status: statusOf({ outcome, ran: true }),
    misc: { outcome, ...(reason === '' ? {} : { reason: harmless(reason) }) },
  }));
}

function testHead(id: CellId, target: TargetState, buildId: string, { options, submitter, runKey }: Context) {
  const part = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_');
  return {
    id: idOf(submitter, 'test', buildId, runKey, id.clause, id.path, id.target, id.profile),
    origin: submitter.origin,
    build_id: buildId,
    ...environmentOf(target),
    path: `mmapvet.${part(id.clause)}.${part(id.path)}`,
    comment: harmless(titleOf(options.catalogue, id.clause, id.path)),
  };
}

const environmentOf = ({ name, accel, part }: TargetState) => {
  const target = part?.target ?? name;
  return accel === null ? {} : { environment: { comment: `QEMU, ${target}, ${accel}`, misc: { target, accel } } };
};

/** What went wrong first: a splat, then bad facts, then the rest. */
function excerptLines(cell: Cell): string[] {
  const facts = (['driver', 'user'] as const).flatMap((who) =>
    cell.observers[who].map((fact) => ({ ok: fact.ok, line: `${who} ${fact.ok ? 'ok' : 'bad'}: ${fact.text}` })),
  );
  const splats = cell.faults.flatMap((fault) => fault.lines);
  if (splats.length > 0) return splats;
  return [
    ...(cell.reason === '' ? [] : [cell.reason]),
    ...facts.filter((fact) => !fact.ok).map((fact) => fact.line),
    ...facts.filter((fact) => fact.ok).map((fact) => fact.line),
  ];
}

function missedTest(cell: CellId, target: TargetState, buildId: string, context: Context): KcidbTest {
  const why = stoppedBy(target, context.state);
  return {
    ...testHead(cell, target, buildId, context),
    status: 'MISS',
    misc: { outcome: 'not-run', reason: harmless(why?.reason.split('\n', 1)[0] ?? 'the run ended early') },
  };
}

/** A complaint while booting, loading or unloading belongs to no clause; it is a test of its own. */
function faultTest(
  during: string,
  fault: Fault,
  index: number,
  target: TargetState,
  buildId: string,
  { submitter, runKey }: Context,
): KcidbTest {
  return {
    id: idOf(submitter, 'fault', buildId, runKey, during, index),
    origin: submitter.origin,
    build_id: buildId,
    ...environmentOf(target),
    path: `mmapvet.kernel.${during.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '_') || 'other'}`,
    comment: harmless(`${during}: ${fault.title}`),
    status: 'FAIL',
    log_excerpt: excerpt(fault.lines.length === 0 ? [fault.title] : fault.lines),
    misc: { outcome: 'fault', during },
  };
}

function issueAndIncident(
  fault: Fault,
  test: KcidbTest,
  { submitter }: Context,
): { readonly issue: KcidbIssue; readonly incident: KcidbIncident } {
  const { origin } = submitter;
  // The same fault has the same fingerprint on every machine; a title may name what was there by chance.
  const id = idOf(submitter, 'issue', fault.class, fault.fingerprint ?? fault.title);
  return {
    issue: {
      id,
      version: ISSUE_VERSION,
      origin,
      report_subject: harmless(fault.title),
      culprit: { code: true, tool: false, harness: false },
      comment: harmless(fault.title),
      misc: { class: fault.class },
    },
    incident: {
      id: idOf(submitter, 'incident', id, test.id),
      origin,
      issue_id: id,
      issue_version: ISSUE_VERSION,
      test_id: test.id,
      present: true,
    },
  };
}
