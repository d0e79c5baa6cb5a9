/**
 * The outcome of a program of the kernel's own tests, by the same taxonomy as a clause's: what it says of its cases, how it
 * ended and what the kernel said meanwhile must fit together, and a pass has to be earned. Pure.
 */
import { allowReason, allowSplat, allowVerdict, type AllowEntry } from '../contract/allow.ts';
import type { SuiteProgram } from '../contract/suites.ts';
import type { Case, Cell, CellId, Fact, Fault } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import type { CaseList } from '../probe/cases.ts';

export type ProgramEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  /** The guest, or the connection to it, was lost. `byKernel`: it was the guest's own doing. */
  | { readonly kind: 'lost'; readonly why: string; readonly byKernel: boolean };

export type ProgramResult =
  | {
      readonly kind: 'ran';
      readonly end: ProgramEnd;
      readonly list: CaseList;
      readonly lastWords: string;
      readonly durationMs: number;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'not-run'; readonly outcome: 'error' | 'not-applicable'; readonly why: string };

export interface ProgramInput {
  readonly id: CellId;
  readonly program: SuiteProgram;
  readonly result: ProgramResult;
  /** Of the console while it ran. */
  readonly splats: readonly Fault[];
  /** Lines of the kernel's config; null where it is not known. */
  readonly config: ReadonlySet<string> | null;
  readonly kernelVersion: string;
  readonly allow: readonly AllowEntry[];
}

type Ran = Extract<ProgramResult, { kind: 'ran' }>;

interface Ruling {
  readonly outcome: Outcome;
  readonly reason: string;
}

/** Exit codes of kselftest.h. */
const KSFT = { pass: 0, fail: 1, skip: 4 } as const;

const REASON_LIMIT = 500;

export function decideProgram(asked: ProgramInput): Cell {
  const input = { ...asked, result: withoutHopeless(asked) };
  const { id, result, splats } = input;
  const { known, outcome, reason } = ruleKnown(input, splats.length > 0 ? ruleFault(splats) : rule(input));
  const ran = result.kind === 'ran';
  const cases = ran ? result.list.cases : [];
  return {
    ...id,
    outcome,
    ran,
    reason: reason.length > REASON_LIMIT ? `${reason.slice(0, REASON_LIMIT - 1)}…` : reason,
    observers: { driver: [], user: ran ? factsOf(result.list, result.end) : [] },
    durationMs: ran ? result.durationMs : 0,
    repeats: [],
    log: [],
    evidence: null,
    faults: [...splats],
    ...(cases.length === 0 ? {} : { cases: [...cases] }),
    ...(known === undefined ? {} : { known }),
  };
}

/** A case that fails for want of what this kernel was built without tells nothing of the kernel. */
function withoutHopeless({ program, result, config }: ProgramInput): ProgramResult {
  if (result.kind !== 'ran') return result;
  const cases = result.list.cases.map((each): Case => {
    const lacks = lacksOf(program, config, each.name);
    return each.outcome === 'fail' && lacks !== '' ? { ...each, outcome: 'not-applicable', reason: lacks } : each;
  });
  return { ...result, list: { ...result.list, cases } };
}

const ruleFault = (splats: readonly Fault[]): Ruling => ({
  outcome: 'fault',
  reason: [...new Set(splats.map((splat) => splat.title))].join('; '),
});

/** As a clause's: an entry excuses a failed program, or every splat of one that is well otherwise. */
function ruleKnown(input: ProgramInput, ruling: Ruling): Ruling & Pick<Cell, 'known'> {
  const { clause, path, target } = input.id;
  const place = { clause, path, target, kernelVersion: input.kernelVersion };
  const excuse = (entry: AllowEntry | null | undefined): Ruling & Pick<Cell, 'known'> => {
    if (entry === null || entry === undefined) return ruling;
    const { at, link, expires } = entry;
    return { outcome: 'known', reason: allowReason(entry), known: { entry: at, ...ruling, link, expires } };
  };
  if (ruling.outcome === 'fail') return excuse(allowVerdict(input.allow, place));
  if (ruling.outcome !== 'fault') return ruling;
  const entries = input.splats.map((fault) => allowSplat(input.allow, place, fault));
  if (entries.includes(null)) return ruling;
  const own = rule(input).outcome;
  return own === 'pass' ? excuse(entries[0]) : own === 'fail' ? excuse(allowVerdict(input.allow, place)) : ruling;
}

function rule({ program, result, config }: ProgramInput): Ruling {
  switch (result.kind) {
    case 'absent':
      return { outcome: 'not-applicable', reason: `this kernel has no ${program.source}` };
    case 'not-run':
      return { outcome: result.outcome, reason: result.why };
    case 'ran':
      return ruleRun(program, result, lacksOf(program, config, null));
  }
}

/**
 * What the kernel's config lacks for a case, or (null) for anything at all, as words that say what to do; empty where it
 * lacks nothing.
 */
function lacksOf({ needs }: SuiteProgram, config: ReadonlySet<string> | null, of: string | null): string {
  const missing = config === null ? [] : needs.filter((need) => need.case === of && !config.has(need.config));
  const lines = missing.map((need) => need.config).join(', ');
  return lines === '' ? '' : `the kernel lacks ${lines}: add it with --kconfig-add`;
}

function ruleRun(program: SuiteProgram, { list, end, lastWords }: Ran, lacking: string): Ruling {
  const lacks = lacking === '' ? '' : `; ${lacking}`;
  const count = (outcome: Outcome): number => list.cases.filter((each) => each.outcome === outcome).length;
  const [pass, fail, skip, broken] = [count('pass'), count('fail'), count('not-applicable'), count('error')];
  const failed = (): string => namesOf(list.cases.filter((each) => each.outcome === 'fail'));
  switch (end.kind) {
    case 'timeout':
      return error(`it took longer than its time limit of ${end.seconds} s`);
    case 'signal':
      return error(`it was ended by ${end.signal} after ${plural(list.cases.length, 'case')}${said(lastWords)}`);
    case 'lost':
      return {
        outcome: end.byKernel ? 'fault' : 'error',
        reason: `${end.why} after ${plural(list.cases.length, 'case')}`,
      };
    case 'exit':
      break;
  }
  if (fail > 0 && (end.code === KSFT.fail || (end.code === KSFT.pass && program.endsWell)))
    return { outcome: 'fail', reason: `${fail} of ${plural(list.cases.length, 'case')} failed: ${failed()}` };
  if (end.code === KSFT.fail && list.bailOut !== null)
    return { outcome: 'fail', reason: `it gave up after ${plural(list.cases.length, 'case')}: ${list.bailOut}` };
  if (end.code === KSFT.skip || list.skipped !== null || (list.cases.length > 0 && skip === list.cases.length)) {
    const why = list.skipped ?? list.cases.find((each) => each.outcome === 'not-applicable')?.reason ?? lastWords;
    return fail > 0
      ? error(`it ended with code ${end.code}, but ${plural(fail, 'case')} failed: ${failed()}`)
      : { outcome: 'vacuous', reason: `nothing was tested: ${why === '' ? 'all was skipped' : why}${lacks}` };
  }
  if (end.code !== KSFT.pass) return error(`it ended with code ${end.code}, but no case failed${said(lastWords)}`);
  if (fail > 0) return error(`it ended with code 0, but ${plural(fail, 'case')} failed: ${failed()}`);
  if (broken > 0) return error(`${plural(broken, 'case')} broke`);
  if (list.problems.length > 0) return error(list.problems.join('; '));
  if (pass === 0) return { outcome: 'vacuous', reason: `it told of no case that passed${lacks}` };
  return { outcome: 'pass', reason: '' };
}

const error = (reason: string): Ruling => ({ outcome: 'error', reason });
const said = (lastWords: string): string => (lastWords === '' ? '' : `: ${lastWords}`);

const NAMED = 5;

function namesOf(cases: readonly Case[]): string {
  const more = cases.length > NAMED ? ` and ${cases.length - NAMED} more` : '';
  return `${cases
    .slice(0, NAMED)
    .map(({ name }) => name)
    .join(', ')}${more}`;
}

/** What a person sees first: the sum, then each case that is no plain pass. */
function factsOf(list: CaseList, end: ProgramEnd): Fact[] {
  const { cases } = list;
  const passed = cases.filter(({ outcome }) => outcome === 'pass').length;
  const skipped = cases.filter(({ outcome }) => outcome === 'not-applicable').length;
  const sum = [
    `${passed} of ${plural(cases.length, 'case')} passed`,
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
    ...(end.kind === 'exit' ? [`exit code ${end.code}`] : []),
  ];
  return [
    { ok: end.kind === 'exit' && end.code === KSFT.pass, text: sum.join(', ') },
    ...cases
      .filter(({ outcome }) => outcome !== 'pass')
      .map(({ name, outcome, reason }) => ({
        ok: outcome !== 'fail' && outcome !== 'error',
        text: `${name}: ${outcome === 'not-applicable' ? 'skipped' : outcome}${reason === '' ? '' : `: ${reason}`}`,
      })),
  ];
}
