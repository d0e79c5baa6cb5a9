/**
 * JUnit XML as GitLab, Jenkins and the GitHub reporters read it: one suite a target, one case a cell, the reason in the
 * element's text, nothing that XML 1.0 forbids.
 */
import type { Cell } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { behaviourLines } from './behaviour.ts';
import { slug } from './format.ts';
import { titleOf } from './catalogue.ts';
import { element, type XmlNode, renderXml } from './xml.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import {
  applyEvent,
  createRunState,
  damageOf,
  decidedCells,
  factsOf,
  stoppedBy,
  undecidedCells,
  type RunState,
  type TargetState,
} from './run-state.ts';

export function createJunitReporter(sink: Sink, options: ReportOptions): Reporter {
  const state = createRunState();
  return {
    onEvent: (event) => applyEvent(state, event),
    finish: () => sink.write(renderJunit(state, options)),
  };
}

interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly verdict: XmlNode | null;
  readonly output: string;
}

export function renderJunit(state: RunState, options: ReportOptions): string {
  const suites = [...state.targets.values()].map((target) => ({
    name: suiteName(state, target),
    cases: targetCases(state, target, options),
    properties: propertiesOf(state, target),
  }));
  const all = suites.flatMap((suite) => suite.cases);
  const seconds = (state.end?.durationMs ?? 0) / 1000;
  const timestamp = state.startedAt === null ? {} : { timestamp: new Date(state.startedAt).toISOString() };
  return renderXml(
    element(
      'testsuites',
      { name: 'mmapvet', ...totals(all), time: seconds.toFixed(3), ...timestamp },
      suites.map((suite) =>
        element(
          'testsuite',
          { name: suite.name, ...totals(suite.cases), time: totalSeconds(suite.cases), ...timestamp },
          [element('properties', {}, suite.properties), ...suite.cases.map((each) => caseElement(suite.name, each))],
        ),
      ),
    ),
  );
}

/** `mmapvet.x86_64.base.7_3_4`: dots separate packages in Jenkins. */
function suiteName(state: RunState, target: TargetState): string {
  const part = (text: string) => text.replaceAll(/[^\w-]/g, '_');
  const { target: name, profile, kernel } = factsOf(state, target);
  return ['mmapvet', name, profile, kernel?.version ?? 'no-kernel'].map(part).join('.');
}

function propertiesOf(state: RunState, target: TargetState): XmlNode[] {
  const { kernel } = factsOf(state, target);
  const { build } = target;
  const pairs: readonly (readonly [string, string | null | undefined])[] = [
    ['tool', state.tool],
    ['kernel.source', kernel?.source],
    ['kernel.version', kernel?.version],
    ['kernel.commit', kernel?.commit],
    ['kernel.package', kernel?.packageVersion],
    ['kernel.dirty', kernel === null ? null : String(kernel.dirty)],
    ['kernel.patches', kernel === null ? null : String(kernel.series.length)],
    ['build.key', build?.key],
    ['build.compiler', build?.compiler],
    ['build.config', build?.configHash],
    ['accel', target.accel],
    ...damageOf(state).map((text, index) => [`damage.${index + 1}`, text] as const),
  ];
  return pairs.flatMap(([name, value]) => (value == null ? [] : [element('property', { name, value })]));
}

function targetCases(state: RunState, target: TargetState, options: ReportOptions): Case[] {
  const cells = decidedCells(target).flatMap((cell) => [cellCase(cell, options), ...programCases(cell)]);
  const faults = target.faults.map(({ during, fault }, index) => ({
    name: `kernel-fault ${slug(during)}${index === 0 ? '' : ` ${index + 1}`}`,
    seconds: 0,
    verdict: problem('failure', 'kernel-fault', `${during}: ${fault.title}`, fault.lines),
    output: '',
  }));
  const undecided = undecidedCells(target);
  if (undecided.length === 0) return [...cells, ...faults];
  const stopped = stoppedBy(target, state);
  // A target that never came to a verdict is one broken case, not a hundred.
  const stage = stopped?.stage ?? 'run';
  const reason = `${stopped?.reason ?? 'the run ended early'} (${undecided.length} cells not run)`;
  const notes = target.notes.map((note) => note.text);
  return [
    ...cells,
    ...faults,
    { name: stage, seconds: 0, verdict: problem('error', stage, reason, notes.slice(1)), output: '' },
  ];
}

function cellCase(cell: Cell, { catalogue }: ReportOptions): Case {
  return {
    name: [cell.clause, cell.path, slug(titleOf(catalogue, cell.clause, cell.path))]
      .filter((part) => part !== '')
      .join(' '),
    seconds: cell.durationMs / 1000,
    verdict: verdictElement(cell),
    output: cell.outcome === 'pass' ? '' : detailLines(cell).join('\n'),
  };
}

/** The test cases of a program. The same name twice would be one to GitLab. */
function programCases({ clause, path, cases = [] }: Cell): Case[] {
  const used = new Map<string, number>();
  return cases.map(({ name, outcome, reason }) => {
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    const words = [clause, path, name, ...(count === 1 ? [] : [String(count)])].join(' ');
    return { name: words, seconds: 0, verdict: verdictOf(outcome, reason, []), output: '' };
  });
}

function verdictElement(cell: Cell): XmlNode | null {
  return verdictOf(cell.outcome, cell.reason, detailLines(cell));
}

function verdictOf(outcome: Outcome, reason: string, details: readonly string[]): XmlNode | null {
  switch (outcome) {
    case 'pass':
    case 'changed':
      return null;
    case 'fail':
      return problem('failure', 'fail', reason, details);
    case 'fault':
      return problem('failure', 'kernel-fault', reason, details);
    case 'flaky':
      return problem('failure', 'flaky', reason, details);
    case 'vacuous':
      return problem('error', 'vacuous', reason, details);
    case 'error':
      return problem('error', 'error', reason, details);
    case 'known':
      return problem('skipped', 'known', reason, []);
    case 'not-applicable':
      return problem('skipped', 'not-applicable', reason, []);
  }
}

/** GitLab shows the text and ignores the message; others do the opposite. */
function problem(name: string, type: string, reason: string, details: readonly string[]): XmlNode {
  return element(name, { message: reason, type }, [[reason, ...details].join('\n')]);
}

function detailLines(cell: Cell): string[] {
  const fact = (who: string) => (each: { ok: boolean; text: string }) =>
    `${who} ${each.ok ? 'ok' : 'bad'}: ${each.text}`;
  return [
    ...(cell.outcome === 'changed' ? [`changed ${cell.reason}`] : []),
    ...cell.observers.driver.map(fact('driver')),
    ...cell.observers.user.map(fact('user')),
    ...behaviourLines(cell),
    ...cell.repeats.map(
      (each, index) => `repeat ${index + 1}: ${[each.outcome, each.reason].filter((part) => part !== '').join(': ')}`,
    ),
    ...cell.faults.flatMap((fault) => [`${fault.class}: ${fault.title}`, ...fault.lines]),
    ...(cell.evidence === null ? [] : [`evidence: ${cell.evidence}`]),
  ];
}

function caseElement(suite: string, { name, seconds, verdict, output }: Case): XmlNode {
  return element('testcase', { classname: suite, name, time: seconds.toFixed(3) }, [
    ...(verdict === null ? [] : [verdict]),
    // A skipped or passed case has no other place for its facts.
    ...(output !== '' && (verdict === null || verdict.name === 'skipped') ? [element('system-out', {}, [output])] : []),
  ]);
}

function totals(cases: readonly Case[]): Record<string, string> {
  const count = (name: string) => String(cases.filter((each) => each.verdict?.name === name).length);
  return { tests: String(cases.length), failures: count('failure'), errors: count('error'), skipped: count('skipped') };
}

const totalSeconds = (cases: readonly Case[]): string => cases.reduce((sum, each) => sum + each.seconds, 0).toFixed(3);
