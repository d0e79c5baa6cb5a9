import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, cellsFor, findClauses, groupsFor } from '../../../harness/contract/catalogue.ts';
import { FEATURES, PATHS } from '../../../harness/contract/clause.ts';
import { LIES } from '../../../harness/contract/lies.ts';
import { PROJECT } from '../../../harness/core/paths.ts';

const MUTANTS = join(PROJECT, 'test/mutants');
const CLAUSES = findClauses([]);
const expected = JSON.parse(readFileSync(join(MUTANTS, 'expected.json'), 'utf8')) as Record<string, string[]>;
const ids = (globs: readonly string[]) => findClauses(globs).map((clause) => clause.id);

describe('the catalogue', () => {
  test('has each clause once, in the group of its letter, in order', () => {
    for (const group of CATALOGUE)
      for (const clause of group.clauses) expect(clause.id).toMatch(new RegExp(`^${group.letter}\\d\\d$`));
    const all = CLAUSES.map((clause) => clause.id);
    expect(all).toEqual([...new Set(all)].toSorted());
    // All of the contract, whatever the profile.
    expect(groupsFor([]).flatMap((group) => group.clauses)).toHaveLength(155);
  });

  test.each(CLAUSES)('$id is complete', (clause) => {
    expect(clause.title).not.toMatch(/\.$/);
    expect(clause.source).toMatch(/^(?:arch|drivers|fs|include|ipc|kernel|mm)\/[\w/.]+:\w+$/);
    expect(clause.needs.every((need) => FEATURES.includes(need))).toBe(true);
    expect(clause.paths.length).toBeGreaterThan(0);
    expect(clause.redControls.length).toBeGreaterThan(0);
    expect(clause.explain.split('\n').every((line) => line.length > 0 && line.length <= 110)).toBe(true);
  });

  test('an in-tree user has its own path, and only that', () => {
    const theirs = CATALOGUE.flatMap(({ only, clauses }) => (only === undefined ? [] : clauses));
    expect(CLAUSES.filter(({ paths }) => paths.includes('user'))).toEqual(theirs);
    expect(new Set(theirs.flatMap(({ paths }) => paths))).toEqual(new Set(['user']));
  });

  test.each(groupsFor([]).flatMap(({ clauses }) => clauses))('$id is on every path, or says why not', (clause) => {
    const { paths, notElsewhere } = clause;
    const missing = PATHS.filter((path) => !['W4', 'user'].includes(path) && !paths.includes(path));
    expect(notElsewhere === undefined).toBe(missing.length === 0);
    // What it refers to is there.
    for (const id of notElsewhere?.match(/\b[A-O]\d\d\b/g) ?? []) expect(findClauses([id])).toHaveLength(1);
  });

  test('is looked up by globs, in either case', () => {
    expect(ids(['E1?', 'l*'])).toEqual(['E10', 'E11', 'E12', 'E13', 'E14', 'L01', 'L02', 'L03', 'L04', 'L05']);
    expect(ids(['Z*'])).toEqual([]);
    expect(cellsFor(findClauses(['K01'])).map(({ path }) => path)).toEqual(['W1', 'W2', 'W3', 'W5']);
    expect(cellsFor(findClauses(['K01', 'A09']), ['W2']).map(({ clause }) => clause.id)).toEqual(['K01']);
  });
});

describe('the red controls', () => {
  test.each(CLAUSES)('$id names lies that there are, and mutants that turn it red', ({ id, redControls }) => {
    const named = (wanted: string) => redControls.filter(({ kind }) => kind === wanted).map(({ name }) => name);
    expect(LIES).toEqual(expect.arrayContaining(named('lie')));
    const turning = Object.keys(expected).filter((name) => expected[name]?.some((cell) => cell.startsWith(`${id}.`)));
    expect(turning).toEqual(expect.arrayContaining(named('mutant')));
    for (const name of named('tried')) {
      const text = readFileSync(join(PROJECT, `docs/evidence/${name}.md`), 'utf8');
      expect(text).toMatch(/^- Date: \d{4}-\d\d-\d\d/m);
      expect(text).toMatch(/^- Command: `.+`/m);
      expect(/^Clauses: (.*)$/m.exec(text)?.[1]?.split(' ')).toContain(id);
    }
  });

  test('each file of evidence is named by a clause', () => {
    const folder = join(PROJECT, 'docs/evidence');
    // Without that line a file is of a command, not of a clause.
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.md') && /^Clauses: /m.test(readFileSync(join(folder, file), 'utf8')))
      .map((file) => file.replace(/\.md$/, ''));
    const named = CLAUSES.flatMap((clause) => clause.redControls).flatMap(({ kind, name }) =>
      kind === 'tried' ? [name] : [],
    );
    expect(files.toSorted()).toEqual([...new Set(named)].toSorted());
  });

  test('each mutant has a patch, expected red cells, and a clause that names it', () => {
    const patches = readdirSync(MUTANTS).flatMap((file) => /^(.+)\.patch$/.exec(file)?.[1] ?? []);
    const named = new Set(
      CLAUSES.flatMap((clause) => clause.redControls).flatMap(({ kind, name }) => (kind === 'mutant' ? [name] : [])),
    );
    expect(Object.keys(expected).toSorted()).toEqual(patches.toSorted());
    expect(patches.filter((name) => !named.has(name))).toEqual([]);
    const cells = new Set(cellsFor(CLAUSES).map(({ clause, path }) => `${clause.id}.${path}`));
    for (const reds of Object.values(expected)) expect(reds.filter((cell) => !cells.has(cell))).toEqual([]);
  });
});
