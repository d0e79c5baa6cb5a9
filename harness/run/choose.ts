/** Which cells a run is about: groups, clauses and paths by name or glob, and the kernel's own tests. Nothing on disk is touched. */
import { CATALOGUE, cellsFor, findClauses, groupsFor, type CatalogueCell } from '../contract/catalogue.ts';
import { PATHS, type Clause, type Path } from '../contract/clause.ts';
import { findPrograms, SUITE_NAMES, SUITE_PROGRAMS, type SuiteProgram } from '../contract/suites.ts';
import { PROFILES, type Profile } from '../core/arch.ts';
import { usageError, type MmapvetError } from '../core/errors.ts';
import { suggestHint } from '../core/suggest.ts';
import { globToRegExp } from '../core/words.ts';

export const commas = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.split(',')).filter(Boolean);

/** Of a name that nothing has: what is near it, else all there are. */
export function unknown(
  noun: string,
  name: string,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): MmapvetError {
  const hint = suggestHint(name, known, `${noun}s`, aliases);
  return usageError(`${noun.toUpperCase()}_UNKNOWN`, `There is no ${noun} "${name}".`, hint);
}

export interface ChosenCells {
  readonly checks: readonly CatalogueCell[];
  /** Of the kernel's own tests. */
  readonly programs: readonly SuiteProgram[];
}

/**
 * What `--group` and `--clause` name, together; all clauses for the profile where neither is given. The kernel's own tests only by name.
 * @throws MmapvetError GROUP_UNKNOWN, CLAUSE_UNKNOWN, PATH_UNKNOWN, NOTHING_CHOSEN (usage)
 */
export function chooseCells(
  groupGlobs: readonly string[],
  clauseGlobs: readonly string[],
  pathGlobs: readonly string[],
  profile: Pick<Profile, 'name' | 'fragments'>,
): ChosenCells {
  const paths = choosePaths(pathGlobs);
  const groups = commas(groupGlobs).map(findGroup);
  const programs = SUITE_PROGRAMS.filter((program) => groups.some((group) => group.programs.includes(program)));
  const clauses = commas(clauseGlobs).flatMap(findClause);
  const everything = groups.length === 0 && clauses.length === 0;
  const chosen = new Set<Clause>(
    everything
      ? groupsFor(profile.fragments).flatMap((group) => group.clauses)
      : [...groups.flatMap((group) => group.clauses), ...clauses],
  );
  const checks = cellsFor(
    findClauses([]).filter((clause) => chosen.has(clause)),
    paths,
  );
  if (checks.length === 0 && programs.length === 0)
    throw everything ? noneOfProfile(paths, profile) : nothingChosen(commas(groupGlobs), commas(clauseGlobs), paths);
  return { checks, programs };
}

function nothingChosen(groups: readonly string[], clauses: readonly string[], paths: readonly Path[]): MmapvetError {
  const asked = [
    ['--group', groups],
    ['--clause', clauses],
    ['--path', paths],
  ] as const;
  const words = asked.flatMap(([option, values]) => (values.length === 0 ? [] : [`${option} "${values.join(',')}"`]));
  return usageError(
    'NOTHING_CHOSEN',
    `No cell is left of ${words.join(' and ')}.`,
    'Run "mmapvet list clauses" to see which clause has which path.',
  );
}

/** A profile that leaves groups out may leave out all that a path has. */
function noneOfProfile(paths: readonly Path[], profile: Pick<Profile, 'name'>): MmapvetError {
  const having = (fragments: readonly string[]): string[] =>
    groupsFor(fragments).flatMap(({ letter, clauses }) => (cellsFor(clauses, paths).length === 0 ? [] : [letter]));
  const other = PROFILES.find(({ fragments }) => having(fragments).length > 0);
  return usageError(
    'NOTHING_CHOSEN',
    `No clause of profile "${profile.name}" has path "${paths.join(',')}".`,
    other === undefined
      ? 'Run "mmapvet list clauses" to see which clause has which path.'
      : `Choose --profile ${other.name}, whose group ${having(other.fragments).join(' and ')} has it.`,
  );
}

/** @throws MmapvetError PATH_UNKNOWN (usage) */
export const choosePaths = (names: readonly string[], known: readonly Path[] = PATHS): Path[] =>
  commas(names).map((name) => {
    const found = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw unknown('path', name, known);
    return found;
  });

/** A letter, a name, or a glob over either: `E`, `errors`, `?`, `selftests-*`. */
function findGroup(glob: string): { readonly clauses: readonly Clause[]; readonly programs: readonly SuiteProgram[] } {
  const pattern = globToRegExp(glob);
  const groups = CATALOGUE.filter(({ letter, name }) => pattern.test(letter) || pattern.test(name));
  const programs = findPrograms(glob);
  if (groups.length === 0 && programs.length === 0)
    throw unknown('group', glob, [...CATALOGUE.map(({ name }) => name), ...SUITE_NAMES]);
  return { clauses: groups.flatMap((group) => group.clauses), programs };
}

function findClause(glob: string): readonly Clause[] {
  const found = findClauses([glob]);
  if (found.length > 0) return found;
  throw unknown(
    'clause',
    glob,
    findClauses([]).map((clause) => clause.id),
  );
}
