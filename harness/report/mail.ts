/**
 * A run as the plain text of a mail, 72 columns: the verdict in the first line, then what was vetted, then whatever is no
 * pass. Fit to be sent as an answer to the series that was vetted.
 */
import type { KernelIdentity } from '../core/events.ts';
import { EXIT } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import { harmless } from '../probe/untrusted.ts';
import { titleOf } from './catalogue.ts';
import { causesOf, compactNames, needsALook, shortName, type Cause } from './cell-lists.ts';
import { cutToWidth } from './format.ts';
import { coverageSentences, coveragesOf } from './lines/coverage.ts';
import { longCounts, LOOKS, PLAIN } from './lines/paint.ts';
import { verdictLine } from './lines/summary.ts';
import { patchsetHash } from '../kernel/patchset.ts';
import { repeatCell } from './repeat-command.ts';
import { repeatLines } from './repeats.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import {
  allCells,
  applyEvent,
  countsOf,
  createRunState,
  decidedCells,
  stoppedBy,
  undecidedCells,
  type RunState,
} from './run-state.ts';
import { wrap } from './wrap.ts';

export const MAIL_COLUMNS = 72;
/** A patchset's hash just fits beside it. */
const LABEL = 8;
const SPLAT_LINES = 20;
/** More than this many causes are a list, not a mail. */
const CAUSES_IN_FULL = 12;

export function createMailReporter(sink: Sink, options: ReportOptions): Reporter {
  const state = createRunState();
  return {
    onEvent: (event) => applyEvent(state, event),
    finish: () => sink.write(renderMail(state, options)),
  };
}

export function renderMail(state: RunState, options: ReportOptions): string {
  const sections = [
    firstLine(state),
    wrap(
      [verdictLine(state, countsOf(state), PLAIN), ...coverageSentences(coveragesOf(state))].join(' '),
      MAIL_COLUMNS,
    ),
    subjectLines(state),
    ...troubleSections(state),
    ...causeSections(state, options),
    passedLines(state),
    trailerLines(state, options),
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${text.join('\n\n')}\n`;
}

/** `mmapvet: FAIL, 1 of 20 cells; linux 7.3.4 + 1 patch, x86_64 arm64`. */
function firstLine(state: RunState): string[] {
  const counts = countsOf(state);
  const total = allCells(state).length + [...state.targets.values()].flatMap(undecidedCells).length;
  const good = counts.pass + counts.changed + counts.known;
  const bad = counts.fail + counts.fault + counts.flaky;
  const word = verdictWord(state);
  const cells =
    word === 'FAIL' && bad > 0 ? `${bad} of ${plural(total, 'cell')}` : `${good} of ${plural(total, 'cell')} good`;
  const kernel = state.kernel === null ? 'no kernel' : `linux ${kernelName(state.kernel)}`;
  const targets = [...state.targets.keys()].join(' ');
  return [cutToWidth(harmless(`mmapvet: ${word}, ${cells}; ${kernel}, ${targets}`), MAIL_COLUMNS)];
}

function verdictWord({ end }: RunState): string {
  if (end === null) return 'NOT FINISHED';
  if (end.interrupted) return 'INTERRUPTED';
  if (end.exitCode === EXIT.good) return 'PASS';
  return end.exitCode === EXIT.bad ? 'FAIL' : 'UNDECIDED';
}

const kernelName = (kernel: KernelIdentity): string =>
  `${kernel.version}${kernel.series.length === 0 ? '' : ` + ${plural(kernel.series.length, 'patch', 'patches')}`}`;

function labelled(label: string, text: string): string[] {
  return text === '' ? [] : wrap(harmless(text), MAIL_COLUMNS, label.padEnd(LABEL), ' '.repeat(LABEL));
}

function subjectLines(state: RunState): string[] {
  const { kernel } = state;
  const targets = [...state.targets.values()].flatMap((target) => {
    const facts = [target.accel ?? '', target.build?.compiler ?? ''].filter((fact) => fact !== '');
    return labelled('Target', `${target.name}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`);
  });
  const counts = longCounts(countsOf(state), PLAIN);
  return [
    ...(kernel === null ? [] : kernelLines(kernel)),
    ...targets,
    ...labelled('Profile', state.profile),
    ...labelled('Cells', counts),
  ];
}

function kernelLines(kernel: KernelIdentity): string[] {
  const { packageVersion: version, source } = kernel;
  const named = version === null || source.includes(version) ? source : `${source} ${version}`;
  return [
    ...labelled('Kernel', `linux ${kernel.version} (${named}${kernel.dirty ? ', with uncommitted edits' : ''})`),
    ...labelled('Base', kernel.commit === null ? '' : `commit ${kernel.commit}`),
    ...kernel.series.flatMap((patch, index) =>
      labelled(index === 0 ? 'Patches' : '', `${index + 1}. ${patch.subject}`),
    ),
    ...(kernel.series.length === 0 ? [] : labelled('Series', patchsetHash(kernel.series))),
  ];
}

/** What kept cells from a verdict, and what the kernel complained about outside of any. */
function troubleSections(state: RunState): string[][] {
  const faults = [...state.targets.values()].flatMap((target) =>
    target.faults.map(({ during, fault }) => [
      ...wrap(harmless(`fault, ${target.name}, ${during}: ${fault.title}`), MAIL_COLUMNS, '', '    '),
      ...splat(fault.lines),
    ]),
  );
  const stopped = [...state.targets.values()].flatMap((target) => {
    const open = undecidedCells(target).length;
    const why = stoppedBy(target, state);
    const reason = why === null ? 'the run ended early' : `${why.stage}: ${why.reason}`;
    const [first = '', ...rest] = reason.split('\n');
    if (open === 0) return [];
    return [
      [
        ...wrap(
          harmless(`no verdict, ${target.name}, ${plural(open, 'cell')} not run: ${first}`),
          MAIL_COLUMNS,
          '',
          '    ',
        ),
        ...splat(rest),
      ],
    ];
  });
  const notes = state.notes
    .filter((note) => note.level !== 'info')
    .map((note) => wrap(harmless(`${note.level}: ${note.text}`), MAIL_COLUMNS, '', '    '));
  return [...faults, ...stopped, ...notes];
}

/** Four columns in, as mail quotes code; a splat's lines are cut, not wrapped. */
function splat(lines: readonly string[]): string[] {
  const shown = lines.slice(0, SPLAT_LINES).map((line) => cutToWidth(`    ${harmless(line)}`, MAIL_COLUMNS));
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `    ... ${plural(more, 'more line')}`] : shown;
}

function causeSections(state: RunState, options: ReportOptions): string[][] {
  const causes = causesOf(state);
  const looked = causes.filter(({ outcome }) => needsALook(outcome));
  const full = looked.slice(0, CAUSES_IN_FULL).map((cause) => causeInFull(cause, state, options));
  // Everything else in a line or two: no verdict is left out.
  const short = [...looked.slice(CAUSES_IN_FULL), ...causes.filter(({ outcome }) => !needsALook(outcome))].flatMap(
    (cause) => causeLines(cause),
  );
  return [...full, short];
}

function causeLines({ outcome, target, reason, cells }: Cause): string[] {
  const names = cells.map(shortName).join(' ');
  const why = reason === '' ? '' : `: ${reason}`;
  return wrap(harmless(`${LOOKS[outcome].word}, ${target}, ${names}${why}`), MAIL_COLUMNS, '', '    ');
}

function causeInFull(cause: Cause, state: RunState, { catalogue }: ReportOptions): string[] {
  const [first] = cause.cells;
  if (first === undefined) return [];
  const oneClause = cause.cells.every((cell) => cell.clause === first.clause);
  const title = oneClause ? titleOf(catalogue, first.clause, first.path) : '';
  const facts = [...first.observers.driver, ...first.observers.user]
    .filter((fact) => !fact.ok)
    .map((fact) => fact.text);
  // A fail's reason is made of its bad facts.
  const said = facts.filter((fact) => !cause.reason.includes(fact));
  const lines = [
    ...(title === '' ? [] : wrap(harmless(title), MAIL_COLUMNS, '  ')),
    ...said.flatMap((fact) => wrap(harmless(fact), MAIL_COLUMNS, '  ')),
    ...repeatLines(first).flatMap(({ label, text }) => wrap(harmless(`${label}: ${text}`), MAIL_COLUMNS, '  ')),
    ...first.faults.flatMap((fault) => splat(fault.lines)),
    ...commandLines(repeatCell(state, first)),
  ];
  return [...causeLines(cause), ...lines];
}

/** To be pasted into a shell as it stands. */
function commandLines(command: string): string[] {
  const lines = wrap(harmless(command), MAIL_COLUMNS - 2, '  $ ', '      ');
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line} \\`));
}

/** `pass, x86_64, A01-A14 B02 K01/W1`. */
function passedLines(state: RunState): string[] {
  return [...state.targets.values()].flatMap((target) => {
    const names = compactNames(decidedCells(target), (cell) => cell.outcome === 'pass');
    return names.length === 0
      ? []
      : wrap(`pass, ${harmless(target.name)}, ${names.join(' ')}`, MAIL_COLUMNS, '', '    ');
  });
}

/** Echoed as they stood in the series, for tools that match an answer to it. */
function trailerLines(state: RunState, { env = {} }: ReportOptions): string[] {
  const { kernel, end } = state;
  const tester = env['MMAPVET_TESTED_BY'] ?? '';
  const base = kernel?.baseCommit ?? (kernel !== null && kernel.series.length > 0 ? kernel.commit : null);
  return [
    ...(base == null ? [] : [`base-commit: ${harmless(base)}`]),
    ...(kernel?.changeId == null ? [] : [cutToWidth(`change-id: ${harmless(kernel.changeId)}`, MAIL_COLUMNS)]),
    // Nobody has tested what failed, or what no verdict was reached on.
    ...(tester !== '' && end?.exitCode === EXIT.good
      ? [`Tested-by: ${harmless(tester)} # ${harmless(state.tool)}`]
      : []),
  ];
}
