/** The step summary of GitHub Actions: a table of groups against targets, whatever needs a look, then every verdict. */
import type { ClauseGroup } from '../contract/clause.ts';
import type { Cell } from '../core/events.ts';
import { countOutcomes } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import { harmlessText } from '../probe/untrusted.ts';
import { groupName, groupOf, titleOf } from './catalogue.ts';
import { causesOf, compactNames, needsALook, shortName, type Cause } from './cell-lists.ts';
import { coverageSentences, coveragesOf } from './lines/coverage.ts';
import { describeSource } from './lines/header.ts';
import { LOOKS, PLAIN, shortCounts } from './lines/paint.ts';
import { verdictLine } from './lines/summary.ts';
import { repeatCell } from './repeat-command.ts';
import { repeatLines } from './repeats.ts';
import type { ReportOptions } from './reporter.ts';
import { allCells, countsOf, decidedCells, stoppedBy, undecidedCells, type RunState } from './run-state.ts';

/** Left for the sentence that says what was left out. */
const RESERVE = 500;

/** At most so many bytes: the head and the tables always, details while there is room. */
export function renderSummary(state: RunState, options: ReportOptions, limit: number): string {
  const head = headPart(state, options);
  const causes = causesOf(state).filter(({ outcome }) => needsALook(outcome));
  const parts = [
    ...faultParts(state),
    ...noteParts(state),
    ...causes.map((cause) => causePart(cause, state, options)),
    ...verdictParts(state),
  ];
  let text = head;
  let bytes = Buffer.byteLength(head) + RESERVE;
  let left = 0;
  for (const part of parts) {
    const size = Buffer.byteLength(part);
    if (bytes + size > limit) left += 1;
    else {
      text += part;
      bytes += size;
    }
  }
  if (left > 0)
    text += `\n${plural(left, 'part')} left out: GitHub takes no summary above 1 MiB. The reports have all of it.\n`;
  return Buffer.byteLength(text) > limit ? '' : text;
}

/** Text in a line of Markdown: nothing in it is markup, a mention or a table's border. */
export const inline = (text: string): string =>
  harmlessText(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[&<>|`*_[\]~@#\\!:]/g, (char) => `&#${char.charCodeAt(0)};`);

const block = (lines: readonly string[]): string =>
  `<pre>\n${harmlessText(lines.join('\n')).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}\n</pre>\n`;

function headPart(state: RunState, { catalogue, home }: ReportOptions): string {
  const { kernel } = state;
  const what = [
    ...(kernel === null ? [] : [`linux ${kernel.version} (${describeSource(kernel, home)})`]),
    ...(kernel?.series ?? []).map((patch, index) => `patch ${index + 1}: ${patch.subject}`),
  ];
  const stopped = [...state.targets.values()].flatMap((target) => {
    const open = undecidedCells(target).length;
    const why = stoppedBy(target, state);
    if (open === 0) return [];
    return [
      `- ${inline(target.name)}: ${plural(open, 'cell')} not run: ${inline(why?.reason.split('\n', 1)[0] ?? 'the run ended early')}\n`,
    ];
  });
  const notes = state.notes.filter((note) => note.level !== 'info').map((note) => `- ${inline(note.text)}\n`);
  return [
    `## mmapvet: ${inline(verdictLine(state, countsOf(state), PLAIN))}\n\n`,
    what.map((line) => `${inline(line)}  \n`).join(''),
    '\n',
    ...coverageSentences(coveragesOf(state)).map((text) => `- ${inline(text)}\n`),
    ...stopped,
    ...notes,
    groupTable(state, catalogue),
  ].join('');
}

function groupTable(state: RunState, catalogue: readonly ClauseGroup[]): string {
  const targets = [...state.targets.values()];
  const letters = [...new Set(allCells(state).map((cell) => groupOf(cell.clause)))].toSorted();
  if (letters.length === 0) return '';
  const rows = letters.map((letter) => [
    groupName(catalogue, letter),
    ...targets.map((target) =>
      shortCounts(
        countOutcomes(
          decidedCells(target)
            .filter((cell) => groupOf(cell.clause) === letter)
            .map((cell) => cell.outcome),
        ),
        PLAIN,
      ),
    ),
  ]);
  const head = ['group', ...targets.map((target) => target.name)];
  return `\n${[head, head.map(() => '---'), ...rows].map((row, index) => `| ${row.map((each) => (index === 1 ? each : inline(each))).join(' | ')} |\n`).join('')}\n`;
}

function faultParts(state: RunState): string[] {
  return [...state.targets.values()].flatMap((target) =>
    target.faults.map(({ during, fault }) =>
      details(`${LOOKS.fault.sign} fault  ${target.name}, ${during}: ${fault.title}`, block(fault.lines)),
    ),
  );
}

/** A compiler's complaints are more than a line. */
function noteParts(state: RunState): string[] {
  return [...state.targets.values()].flatMap((target) =>
    target.notes
      .filter((note) => note.level === 'error')
      .map((note) => details(`${target.name}: ${note.text.split('\n', 1)[0] ?? ''}`, block(note.text.split('\n')))),
  );
}

const details = (summary: string, body: string): string =>
  `<details><summary>${inline(summary)}</summary>\n\n${body}\n</details>\n`;

function causePart({ outcome, target, reason, cells }: Cause, state: RunState, { catalogue }: ReportOptions): string {
  const [first] = cells;
  if (first === undefined) return '';
  const { sign, word } = LOOKS[outcome];
  const oneClause = cells.every((cell) => cell.clause === first.clause);
  const title = oneClause ? `  ${titleOf(catalogue, first.clause, first.path)}` : '';
  const names = cells.map(shortName).join(' ');
  return details(
    `${sign} ${word}  ${names} ${target}${title}`,
    block([
      reason,
      ...factLines(first),
      ...repeatLines(first).map(({ label, text }) => `${label}: ${text}`),
      ...first.faults.flatMap((fault) => fault.lines),
      `$ ${repeatCell(state, first)}`,
    ]),
  );
}

const factLines = ({ observers }: Cell): string[] =>
  (['driver', 'user'] as const).flatMap((who) =>
    observers[who].map((fact) => `${who.padEnd(6)} ${fact.ok ? '✓' : '✗'} ${fact.text}`),
  );

/** Every verdict, in few words. */
function verdictParts(state: RunState): string[] {
  const rows = [...state.targets.values()].flatMap((target) => {
    const cells = decidedCells(target);
    const outcomes = [...new Set(cells.map((cell) => cell.outcome))];
    return outcomes.map(
      (outcome) => `${target.name}  ${outcome}: ${compactNames(cells, (cell) => cell.outcome === outcome).join(' ')}`,
    );
  });
  return rows.length === 0 ? [] : [details(`All ${plural(allCells(state).length, 'verdict')}`, block(rows))];
}
