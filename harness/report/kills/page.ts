/** The kill matrix as one page: a row a clause, a column a mutant. No script but the colours. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import type { Kills, Mutant } from '../../results/kills.ts';
import { groupName, titleOf } from '../catalogue.ts';
import { hero, moodOf } from '../html/hero.ts';
import { plainTable, section } from '../html/parts.ts';
import { themeScript } from '../html/script.ts';
import { h, type Child, type Element } from '../html/shared/node.ts';
import { renderDocument } from '../html/shell.ts';
import { describeSource } from '../lines/header.ts';
import { LOOKS } from '../lines/paint.ts';
import { fateOf, stateLook, verdictOf } from './text.ts';

export interface KillsPageOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
}

export function renderKillsPage(kills: Kills, options: KillsPageOptions): string {
  const { kernel, clauses, notJudged, exitCode } = kills;
  const idle = clauses.filter(({ killers }) => killers.length === 0);
  return renderDocument({
    title: 'Kill matrix · mmapvet',
    script: themeScript(),
    body: [
      hero({
        mood: moodOf(exitCode),
        name: 'kill matrix',
        headline: verdictOf(kills),
        about: [
          kernel === null ? 'no kernel' : `Linux ${harmless(kernel.version)} ${describeSource(kernel, options.home)}`,
          ` · ${kills.targets.map((target) => harmless(target)).join(', ')} · ${harmless(kills.profile)}`,
        ],
      }),
      h('main', { id: 'main' }, [
        section('Mutants', [mutantTable(kills.mutants)]),
        section('What turns each clause red', [
          h(
            'p',
            { class: 'note' },
            'A kernel with one mistake a column, a clause a row: how many cells turn red, and how.',
          ),
          h('div', { class: 'kills', tabindex: 0, role: 'group', 'aria-label': 'kill matrix' }, matrix(kills, options)),
        ]),
        section('Clauses that no mutant turns red', [
          clauseList(
            idle.map(({ id }) => id),
            options,
          ),
        ]),
        ...(notJudged.length === 0
          ? []
          : [section('Clauses that do not hold on the sound kernel', [clauseList(notJudged, options)])]),
      ]),
      h('footer', {}, `${harmless(kills.tool)} · one file, no request is made`),
    ],
  });
}

const BADGE: Readonly<Record<Mutant['state'], string>> = {
  killed: 'o-pass',
  survived: 'o-fail',
  noticed: 'o-vacuous',
  undecided: 'o-error',
};

const mutantTable = (mutants: readonly Mutant[]): Element =>
  plainTable(
    ['mutant', 'state', 'why'],
    mutants.map((mutant) => [
      h('code', {}, harmless(mutant.name)),
      h('span', { class: `badge wide ${BADGE[mutant.state]}` }, `${stateLook(mutant.state)[0]} ${mutant.state}`),
      fateOf(mutant),
    ]),
  );

function matrix({ mutants, clauses }: Kills, { catalogue }: KillsPageOptions): Element {
  const groups = [...Map.groupBy(clauses, ({ id }) => id.charAt(0))];
  return h(
    'table',
    { class: 'plain' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['clause', ...mutants.map(({ name }) => harmless(name))].map((name) => h('th', { scope: 'col' }, name)),
      ),
    ),
    groups.map(([letter, some]) =>
      h('tbody', {}, [
        h('tr', {}, h('th', { colspan: mutants.length + 1, scope: 'rowgroup' }, groupName(catalogue, letter))),
        ...some.map(({ id }) =>
          h('tr', {}, [
            h('th', { scope: 'row', title: titleOf(catalogue, id) }, id),
            ...mutants.map((mutant) => h('td', {}, killCell(mutant, id))),
          ]),
        ),
      ]),
    ),
  );
}

/** The worst outcome's look, and how many cells. */
function killCell(mutant: Mutant, clause: string): Child {
  const own = mutant.kills.filter((kill) => kill.clause === clause);
  const worst = (['fault', 'fail', 'flaky', 'changed'] as const).find((outcome) =>
    own.some((kill) => kill.outcome === outcome),
  );
  if (worst === undefined) return '';
  const { sign, word } = LOOKS[worst];
  const title = own.map(({ path, target, outcome }) => `${path} ${target}: ${LOOKS[outcome].word}`).join('\n');
  return h(
    'span',
    { class: `badge wide o-${worst}`, title: harmless(title) },
    `${sign} ${own.length}`,
    h('span', { class: 'unseen' }, ` ${word}`),
  );
}

function clauseList(ids: readonly string[], { catalogue }: KillsPageOptions): Element {
  if (ids.length === 0) return h('p', { class: 'note' }, 'None.');
  return h(
    'details',
    {},
    h('summary', {}, plural(ids.length, 'clause')),
    h(
      'ul',
      {},
      ids.map((id) => h('li', {}, h('b', {}, id), ` ${titleOf(catalogue, id)}`)),
    ),
  );
}
