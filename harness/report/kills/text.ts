/** The kill matrix for a person: what kills each mutant, group by group, and what nothing kills. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { EXIT } from '../../core/outcome.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import type { Kills, Mutant } from '../../results/kills.ts';
import { groupName } from '../catalogue.ts';
import { formatDuration, padTo, shortenHome, widthOf } from '../format.ts';
import { describeSource } from '../lines/header.ts';
import type { Paint } from '../lines/paint.ts';
import { wrap } from '../wrap.ts';

export interface KillsOptions {
  readonly paint: Paint;
  readonly columns: number;
  readonly home: string;
  readonly folder: string;
  readonly catalogue: readonly ClauseGroup[];
}

/** Clauses that a mutant turns red, each once. */
export const redClauses = ({ kills }: Mutant): string[] => [...new Set(kills.map(({ clause }) => clause))].toSorted();

export const stateLook = (state: Mutant['state']): readonly [sign: string, style: Parameters<Paint>[0]] => {
  switch (state) {
    case 'killed':
      return ['✓', 'green'];
    case 'survived':
      return ['✗', 'red'];
    case 'noticed':
    case 'undecided':
      return ['?', 'yellow'];
  }
};

/** `killed by 34 clauses`. */
export function fateOf(mutant: Mutant): string {
  switch (mutant.state) {
    case 'killed':
      return `killed by ${plural(redClauses(mutant).length, 'clause')}`;
    case 'survived':
      return 'survived: no clause tells it from the sound kernel';
    case 'noticed':
      return `no clause fails, but ${plural(mutant.noticed.length, 'cell')} could not be decided`;
    case 'undecided':
      return `undecided: ${harmless(mutant.reason.split('\n', 1)[0] ?? '') || 'nothing of it was vetted'}`;
  }
}

export function killsText(kills: Kills, options: KillsOptions): string[] {
  const { paint, columns, home, folder } = options;
  const { kernel, targets, profile, mutants, clauses, notJudged } = kills;
  const source = kernel === null ? 'no kernel' : `linux ${harmless(kernel.version)} (${describeSource(kernel, home)})`;
  const width = Math.max(0, ...mutants.map(({ name }) => widthOf(harmless(name))));
  const idle = clauses.filter(({ killers }) => killers.length === 0).map(({ id }) => id);
  return [
    [paint('bold', 'mmapvet mutate'), source, targets.join(' '), profile].join(paint('dim', ' · ')),
    '',
    ...mutants.map((mutant) => {
      const [sign, style] = stateLook(mutant.state);
      return `  ${paint(style, sign)} ${padTo(harmless(mutant.name), width)}  ${fateOf(mutant)}`;
    }),
    '',
    ...matrixLines(kills, width, options),
    ...listed(`${plural(idle.length, 'clause')} that no mutant turns red:`, idle, columns),
    ...listed(
      `${plural(notJudged.length, 'clause')} that could not be judged, not holding on the sound kernel:`,
      notJudged,
      columns,
    ),
    `  ${plural(mutants.length, 'mutant')}: ${tally(mutants)}${' '.repeat(4)}${formatDuration(kills.durationMs)}`,
    `  ${paint(kills.exitCode === EXIT.good ? 'green' : kills.exitCode === EXIT.bad ? 'red' : 'yellow', verdictOf(kills))} ${paint('dim', `(exit ${kills.exitCode})`)}`,
    `  ${paint('dim', shortenHome(folder, home))}`,
  ];
}

const listed = (title: string, ids: readonly string[], columns: number): string[] =>
  ids.length === 0 ? [] : [`  ${title}`, ...wrap(ids.join(' '), columns, '    ', '    '), ''];

function tally(mutants: readonly Mutant[]): string {
  const states = ['killed', 'survived', 'noticed', 'undecided'] as const;
  return states
    .map((state) => ({ state, count: mutants.filter((mutant) => mutant.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`)
    .join(', ');
}

export function verdictOf({ exitCode, interrupted, mutants }: Kills): string {
  if (interrupted) return 'Interrupted. What was decided so far stands.';
  const survived = mutants.filter(({ state }) => state === 'survived').length;
  if (survived > 0) return `${plural(survived, 'mutant')} survived: the probes have a hole there.`;
  return exitCode === EXIT.good ? 'Every mutant is killed.' : 'Undecided: not every mutant could be judged.';
}

/** How many clauses of each group turn red. */
function matrixLines({ mutants, clauses }: Kills, width: number, { paint, catalogue }: KillsOptions): string[] {
  const letters = [...new Set(clauses.map(({ id }) => id.charAt(0)))].toSorted();
  if (letters.length === 0) return [];
  const row = (name: string, cells: readonly string[]): string =>
    `    ${padTo(name, width)} ${cells.map((cell) => cell.padStart(4)).join('')}`;
  const count = (ids: readonly string[], letter: string): string => {
    const some = ids.filter((id) => id.startsWith(letter)).length;
    return some === 0 ? '·' : String(some);
  };
  const all = clauses.map(({ id }) => id);
  return [
    paint(
      'dim',
      `  Clauses of each group that turn red: ${letters.map((letter) => groupName(catalogue, letter)).join(', ')}`,
    ),
    paint('dim', row('', letters)),
    ...mutants.map((mutant) =>
      row(
        harmless(mutant.name),
        letters.map((letter) => count(redClauses(mutant), letter)),
      ),
    ),
    paint(
      'dim',
      row(
        'of',
        letters.map((letter) => count(all, letter)),
      ),
    ),
    '',
  ];
}
