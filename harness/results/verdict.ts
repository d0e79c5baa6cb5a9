/**
 * The one place where a cell gets its outcome. The probe's words, both observers' facts, the console and the taint are
 * put together here; whatever contradicts itself is an error, and a pass has to be earned.
 */
import { allowReason, allowSplat, allowVerdict, type AllowEntry, type Place } from '../contract/allow.ts';
import type { Clause, Feature } from '../contract/clause.ts';
import type { RecordedEntry } from '../contract/recorded.ts';
import type { Behaviour, Cell, CellId, Fact, Fault } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ProbeFacts, ProbeReport } from '../probe/report.ts';
import { findSplats } from '../probe/splat.ts';
import { describeTaint, newTaint } from '../probe/taint.ts';
import { behaviourFacts, behaviourOf, compareBehaviour } from './behaviour.ts';

/** Why a cell has no report. */
export type Missing =
  | 'crashed'
  | 'cut-off'
  | 'hang'
  | 'time-limit'
  | 'not-run'
  | 'lost-connection'
  | 'guest-died'
  | 'no-result'
  | 'interrupted'
  | 'out-of-time';

export type ProbeResult =
  | { readonly kind: 'reported'; readonly report: ProbeReport }
  | {
      readonly kind: 'missing';
      readonly why: Missing;
      /** What more is known: the signal, the limit, the last words. May be empty. */
      readonly detail: string;
      /** What the probe said before it was lost. */
      readonly facts: ProbeFacts | null;
    };

export interface VerdictInput {
  readonly id: CellId;
  readonly clause: Clause;
  readonly probe: ProbeResult;
  /** Splats in the cell's slice of the console. */
  readonly splats: readonly Fault[];
  /** /proc/sys/kernel/tainted before and after, where the harness itself read it; else the probe's own figures count. */
  readonly taint: { readonly before: number; readonly after: number } | null;
  /** What the driver was built with (compile probes, driver header line); null where that is not known. */
  readonly features: readonly string[] | null;
  /** The running kernel's version, `7.3.4-mmapvet`. */
  readonly kernelVersion: string;
  /** Of an X clause: what it did when it was recorded. null: nothing is recorded of this cell. */
  readonly recorded: RecordedEntry | null;
  /** The entries that have not expired. */
  readonly allow: readonly AllowEntry[];
  /** Folder below the run folder. */
  readonly evidence: string | null;
}

interface Ruling {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly faults: readonly Fault[];
  readonly known?: Cell['known'];
}

/** The first kernel version that must have a feature: from there on its absence is a broken kernel. */
const SINCE: Partial<Record<Feature, readonly [major: number, minor: number]>> = { prepare: [7, 1], mapped: [7, 1] };

const MISSING: Readonly<Record<Missing, string>> = {
  crashed: 'the probe crashed',
  'cut-off': "the probe's output was cut off",
  hang: 'the probe came to no end',
  'time-limit': 'the probe took longer than its time limit',
  'not-run': 'the probe never started',
  'lost-connection': 'the connection to the guest was lost',
  'guest-died': 'the guest ended before the probe did',
  'no-result': 'the probe ended without a result for this cell',
  interrupted: 'the run was interrupted',
  'out-of-time': "the run's time was over",
};

/** Troubles that lie before the probe. */
const BEFORE: readonly Missing[] = ['not-run', 'interrupted', 'out-of-time'];

const REASON_LIMIT = 500;

/** Gives the cell its verdict. Pure: the same evidence gives the same verdict. */
export function decide(input: VerdictInput): Cell {
  const report = input.probe.kind === 'reported' ? input.probe.report : null;
  const facts = input.probe.kind === 'reported' ? input.probe.report : input.probe.facts;
  const behaviour = input.clause.class === 'X' ? behaviourOf(facts, input.recorded) : null;
  const ruling = ruleKnown(
    input,
    report,
    ruleFault(input, facts) ?? ruleFeatures(input) ?? ruleMissing(input.probe) ?? ruleReport(input, report, behaviour),
  );
  return {
    ...input.id,
    outcome: ruling.outcome,
    ran: facts !== null || (input.probe.kind === 'missing' && !BEFORE.includes(input.probe.why)),
    reason: ruling.reason.length > REASON_LIMIT ? `${ruling.reason.slice(0, REASON_LIMIT - 1)}…` : ruling.reason,
    observers: {
      driver: [...(facts?.driver ?? []), ...behaviourFacts('driver', behaviour)],
      user: [...(facts?.user ?? []), ...behaviourFacts('user', behaviour)],
    },
    durationMs: facts?.durationMs ?? 0,
    repeats: [],
    log: [...(facts?.log ?? [])],
    evidence: input.evidence,
    faults: [...ruling.faults],
    ...(behaviour === null ? {} : { behaviour }),
    ...(ruling.known === undefined ? {} : { known: ruling.known }),
  };
}

/**
 * What allow.yaml explains. A known splat excuses itself only: the clause's own verdict must be good as well. Trouble of
 * our own side is never known.
 */
function ruleKnown(input: VerdictInput, report: ProbeReport | null, ruling: Ruling): Ruling {
  const { clause, path, target } = input.id;
  const place: Place = { clause, path, target, kernelVersion: input.kernelVersion };
  const excuse = (entry: AllowEntry | null | undefined, was: Ruling): Ruling => {
    if (entry === null || entry === undefined) return was;
    const known = {
      entry: entry.at,
      outcome: was.outcome,
      reason: was.reason,
      link: entry.link,
      expires: entry.expires,
    };
    return { ...was, outcome: 'known', reason: allowReason(entry), known };
  };
  switch (ruling.outcome) {
    case 'fail':
    case 'changed':
      return excuse(allowVerdict(input.allow, place), ruling);
    case 'fault': {
      const entries = ruling.faults.map((fault) => allowSplat(input.allow, place, fault));
      if (entries.length === 0 || entries.includes(null)) return ruling;
      const own = report === null ? null : disagreementOrFail(input.clause, report);
      return own === null ? excuse(entries[0], ruling) : excuse(allowVerdict(input.allow, place), own);
    }
    case 'pass':
    case 'vacuous':
    case 'error':
    case 'not-applicable':
    case 'flaky':
    case 'known':
      return ruling;
  }
}

/** What the facts of a report say by themselves; null where none is bad. */
function disagreementOrFail(clause: Clause, report: ProbeReport): Ruling | null {
  const bad = [...badOf(report.driver), ...badOf(report.user)];
  return bad.length === 0 ? null : (disagreement(clause, report) ?? rule('fail', quote(bad)));
}

const rule = (outcome: Outcome, reason: string, faults: readonly Fault[] = []): Ruling => ({ outcome, reason, faults });

/** True for the one complaint that the clause must provoke. */
function isRequired(clause: Clause, fault: Fault): boolean {
  const wanted = clause.splat?.title;
  // Of that class alone: a KASAN report in the function of a warning is none.
  if (wanted === undefined || fault.class !== (clause.splat?.class ?? 'warning')) return false;
  // The hook may be inlined: then its file, not its name, is in the splat's `WARNING: file:line at function` line.
  const heads = fault.lines.filter((line) => line.startsWith('WARNING:'));
  return [fault.title, ...heads].some((text) => wanted.test(text));
}

/** A kernel that complained is a fault, whatever the probe says: an oops outweighs a pass and a fail. */
function ruleFault(input: VerdictInput, facts: ProbeFacts | null): Ruling | null {
  const onConsole = input.splats.filter((fault) => !isRequired(input.clause, fault));
  const byProbe = facts?.splats.filter((splat) => !splat.ok) ?? [];
  const faults =
    onConsole.length > 0
      ? onConsole
      : byProbe.map(({ text }) => ({ class: findSplats([text])[0]?.class ?? 'other', title: text, lines: [text] }));
  if (faults.length > 0) return rule('fault', [...new Set(faults.map((fault) => fault.title))].join('; '), faults);

  const taint = input.taint ?? facts?.taint ?? null;
  if (taint === null) return null;
  // The required warning explains the warning flag, and no other one.
  const explained = requiredSeen(input, facts) ? 'W' : '';
  const flags = newTaint(taint.before, taint.after).filter(
    (flag) => flag.role === 'fault' && flag.letter !== explained,
  );
  if (flags.length === 0) return null;
  return rule('fault', `the kernel got the taint ${describeTaint(flags)}, but no splat was seen`);
}

/** Either witness will do: the console may be slow or filtered, the probe may have lost its place in /dev/kmsg. */
function requiredSeen(input: VerdictInput, facts: ProbeFacts | null): boolean {
  if (input.clause.splat === undefined) return false;
  return (
    input.splats.some((fault) => isRequired(input.clause, fault)) || (facts?.splats.some((splat) => splat.ok) ?? false)
  );
}

function ruleFeatures({ clause, features, kernelVersion }: VerdictInput): Ruling | null {
  if (features === null) return null;
  const missing = clause.needs.filter((need) => !features.includes(need));
  if (missing.length === 0) return null;
  const names = missing.join(', ');
  if (missing.some((need) => mustHave(need, kernelVersion)))
    return rule('fail', `Linux ${kernelVersion} must have ${names}, but the driver could not be built with it`);
  return rule('not-applicable', `this kernel lacks ${names}`);
}

/** True where the kernel's version says that the feature must be there. */
export function mustHave(feature: Feature, kernelVersion: string): boolean {
  const since = SINCE[feature];
  const version = /^(\d+)\.(\d+)/.exec(kernelVersion);
  if (since === undefined || version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > since[0] || (major === since[0] && minor >= since[1]);
}

function ruleMissing(probe: ProbeResult): Ruling | null {
  if (probe.kind === 'reported') return null;
  return rule('error', probe.detail === '' ? MISSING[probe.why] : `${MISSING[probe.why]}: ${probe.detail}`);
}

function ruleReport(input: VerdictInput, report: ProbeReport | null, behaviour: Behaviour | null): Ruling {
  if (report === null) return rule('error', MISSING['no-result']);
  const { outcome, reason } = report;
  switch (outcome) {
    case 'pass':
      return (
        contradiction(report) ??
        unprovoked(input, report) ??
        vacuity(input.clause, report) ??
        ruleBehaviour(input.clause, behaviour) ??
        rule('pass', '')
      );
    case 'changed':
      if (input.clause.class !== 'X')
        return rule('error', `the probe says "changed", but ${input.clause.id} is no recorded behaviour: ${reason}`);
      return rule('changed', reason);
    case 'fail':
      return disagreement(input.clause, report) ?? rule('fail', reason);
    case 'not-applicable':
      return rule('not-applicable', reason === '' ? 'the probe gave no reason' : reason);
    case 'vacuous':
      return rule('vacuous', reason === '' ? vacuousReason(input.clause) : reason);
    case 'error':
      return rule('error', reason === '' ? 'the probe gave no reason' : reason);
    case 'fault':
      // Without a splat fact this can't be (ruleFault took it); kept so that no report slips through as anything else.
      return rule('fault', reason);
  }
}

const quote = (facts: readonly Fact[]): string => facts.map((fact) => fact.text).join('; ');
const badOf = (facts: readonly Fact[]): readonly Fact[] => facts.filter((fact) => !fact.ok);

/** `ok` above a bad fact: one of the two is wrong. */
function contradiction(report: ProbeReport): Ruling | null {
  const bad = [...badOf(report.driver), ...badOf(report.user)];
  return bad.length === 0 ? null : rule('error', `the probe says ok, but a fact says otherwise: ${quote(bad)}`);
}

/** A clause that must provoke a warning is broken when the kernel stays silent. */
function unprovoked(input: VerdictInput, report: ProbeReport): Ruling | null {
  const wanted = input.clause.splat;
  if (wanted === undefined || requiredSeen(input, report)) return null;
  return rule('fail', `the kernel did not warn, but must: ${wanted.why}`);
}

function ruleBehaviour(clause: Clause, behaviour: Behaviour | null): Ruling | null {
  const news = behaviour === null ? null : compareBehaviour(clause, behaviour);
  return news === null ? null : rule(news.outcome, news.reason);
}

/** A pass that neither observer earned, or without the event that the clause is about. */
function vacuity(clause: Clause, report: ProbeReport): Ruling | null {
  const driver = report.driver.length + report.observed.driver.length;
  const user = report.user.length + report.observed.user.length;
  if (driver + user === 0) return rule('vacuous', 'the probe passed without a fact');
  if (driver === 0 && clause.observers !== 'as-stated')
    return rule('vacuous', 'the probe passed without a fact from the driver');
  if (user === 0 && clause.observers !== 'as-stated')
    return rule('vacuous', 'the probe passed without a fact from user space');
  if (clause.event !== 'none' && (report.counts[clause.event] ?? 0) === 0)
    return rule('vacuous', vacuousReason(clause));
  return null;
}

const vacuousReason = (clause: Clause): string => `the driver counted no "${clause.event}" event`;

/** A fail needs bad facts from both observers, or from the driver (`driver-only`), or from the only one that there is. */
function disagreement(clause: Clause, report: ProbeReport): Ruling | null {
  const driver = badOf(report.driver);
  const user = badOf(report.user);
  if (driver.length + user.length === 0) return rule('error', 'the probe failed without a fact that says why');
  const both = report.driver.length > 0 && report.user.length > 0;
  if (clause.observers === 'as-stated' && !both) return null;
  if (driver.length === 0)
    return rule('error', `the observers disagree: user space saw ${quote(user)}; the driver saw nothing wrong`);
  if (clause.observers !== 'driver-only' && user.length === 0)
    return rule('error', `the observers disagree: the driver saw ${quote(driver)}; user space saw nothing wrong`);
  return null;
}
