/**
 * GitHub Actions: an annotation for whatever needs a look, and a step summary. What a guest wrote can't pass for one of
 * the runner's own commands: they are off while the run goes on, and the token that switches them on is not known to it.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { weigh } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import { harmlessText } from '../probe/untrusted.ts';
import { causesOf, needsALook, shortName } from './cell-lists.ts';
import { renderSummary } from './github-summary.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import { allCells, applyEvent, createRunState, undecidedCells, type RunState } from './run-state.ts';

/** GitHub shows about this many of a level in one step. */
const SHOWN = 10;
/** A summary above 1 MiB is refused as a whole; what the step wrote before counts too. */
const SUMMARY_BYTES = 1024 * 1024;
const MESSAGE_LIMIT = 2000;

type Level = 'error' | 'warning' | 'notice';

interface Place {
  readonly file: string;
  readonly line: number;
}

interface Annotation {
  readonly level: Level;
  readonly title: string;
  readonly message: string;
  readonly place?: Place | null;
}

export function createGithubReporter(sink: Sink, options: ReportOptions): Reporter {
  const state = createRunState();
  let token = '';
  return {
    onEvent(event) {
      if (event.kind === 'run-start') {
        token = tokenOf(event);
        sink.write(`::stop-commands::${token}\n`);
      }
      applyEvent(state, event);
    },
    finish() {
      if (token !== '') sink.write(`::${token}::\n`);
      sink.write(renderCommands(state, options));
      const failed = appendSummary(state, options);
      if (failed !== '') sink.write(command({ level: 'warning', title: 'mmapvet', message: failed }));
    },
  };
}

/** The same for a stored run; a guest knows neither the folder nor the millisecond. */
function tokenOf(start: Extract<Event, { kind: 'run-start' }>): string {
  return createHash('sha256')
    .update([start.at, start.tool, ...start.command].join('\0'))
    .digest('hex')
    .slice(0, 32);
}

/** Annotations, the worst first, then every verdict in a group that is folded away. */
export function renderCommands(state: RunState, options: ReportOptions): string {
  const all = annotationsOf(state, options);
  const shown = (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const some = all.filter((each) => each.level === level);
    if (some.length <= SHOWN) return some;
    const more = `${some.length - SHOWN + 1} more are in the step summary and in the reports.`;
    return [...some.slice(0, SHOWN - 1), { level, title: 'mmapvet', message: more }];
  });
  const cells = allCells(state);
  const lines = [
    ...cells.map((cell) => `${shortName(cell)} ${cell.target} ${cell.outcome}`),
    ...[...state.targets.values()].flatMap((target) =>
      undecidedCells(target).map((cell) => `${shortName(cell)} ${cell.target} not run`),
    ),
  ];
  return [
    ...shown.map(command),
    `::group::${plural(lines.length, 'cell')}\n`,
    ...lines.map((line) => `${plain(line)}\n`),
    '::endgroup::\n',
  ].join('');
}

function annotationsOf(state: RunState, options: ReportOptions): Annotation[] {
  const notes = [...state.notes, ...[...state.targets.values()].flatMap((target) => target.notes)];
  return [
    ...[...state.targets.values()].flatMap((target) =>
      target.faults.map(({ during, fault }): Annotation => ({
        level: 'error',
        title: `mmapvet: fault, ${target.name}, ${during}`,
        message: [fault.title, ...fault.lines].join('\n'),
      })),
    ),
    ...causesOf(state)
      .filter(({ outcome }) => needsALook(outcome))
      .map(({ outcome, target, reason, cells }): Annotation => ({
        level: weigh(outcome) === 'bad' ? 'error' : 'warning',
        title: `mmapvet: ${outcome}, ${target}, ${cells.slice(0, 5).map(shortName).join(' ')}${cells.length > 5 ? ` and ${cells.length - 5} more` : ''}`,
        message: [reason, ...(cells[0]?.faults.flatMap((fault) => fault.lines) ?? [])].join('\n'),
      })),
    ...notes
      .filter((note) => note.level !== 'info')
      .map((note): Annotation => ({
        level: note.level === 'error' ? 'error' : 'warning',
        title: ['mmapvet', note.target ?? ''].filter((part) => part !== '').join(': '),
        message: note.text,
        place: placeOf(note.text, state, options),
      })),
  ];
}

/** The compiler's first complaint, where the tree is in the workspace: GitHub shows only its files. */
function placeOf(text: string, state: RunState, { env = {} }: ReportOptions): Place | null {
  const found = /(?:^|\s)([\w./-]+\.[chS]):(\d+)(?::\d+)?:/m.exec(text);
  const workspace = env['GITHUB_WORKSPACE'] ?? '';
  if (found === null || workspace === '' || state.kernel === null || !state.kernel.source.startsWith('/')) return null;
  const tree = relative(workspace, state.kernel.source);
  if (tree.startsWith('..') || found[1] === undefined || found[1].split('/').includes('..')) return null;
  return { file: tree === '' ? found[1] : `${tree}/${found[1]}`, line: Number(found[2]) };
}

function command({ level, title, message, place }: Annotation): string {
  const properties = [
    ...(place == null ? [] : [`file=${property(place.file)}`, `line=${place.line}`]),
    `title=${property(title)}`,
  ];
  const text = message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message;
  return `::${level} ${properties.join(',')}::${data(text)}\n`;
}

/** The runner also finds its older commands, `##[error]`, anywhere in a line. */
const plain = (text: string): string =>
  harmlessText(text)
    .replaceAll('##[', '## [')
    .replace(/^\s*::/, ' : :');

const data = (text: string): string =>
  plain(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** @returns what went wrong, which is no reason to fail a run; empty where nothing did, or no summary is wanted */
function appendSummary(state: RunState, options: ReportOptions): string {
  const file = options.env?.['GITHUB_STEP_SUMMARY'] ?? '';
  if (file === '') return '';
  try {
    const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    appendFileSync(file, renderSummary(state, options, SUMMARY_BYTES - before));
    return '';
  } catch (error) {
    return `The step summary could not be written: ${messageOf(error)}`;
  }
}
