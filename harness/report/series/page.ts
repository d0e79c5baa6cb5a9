/** A series as one page: a table of patches against clause groups, and what each patch changed. No script but the colours. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { plural } from '../../core/words.ts';
import { harmless, harmlessText } from '../../probe/untrusted.ts';
import type { SeriesDocument, SeriesStep } from '../../results/series.ts';
import { titleOf } from '../catalogue.ts';
import { CHANGE_LOOKS } from '../compare/looks.ts';
import { formatDuration } from '../format.ts';
import { hero, moodOf } from '../html/hero.ts';
import { plainTable, section } from '../html/parts.ts';
import { themeScript } from '../html/script.ts';
import { h, type Child, type Element } from '../html/shared/node.ts';
import { renderDocument } from '../html/shell.ts';
import { describeSource } from '../lines/header.ts';
import { PLAIN } from '../lines/paint.ts';
import { groupSign, seriesVerdict, stateWords, STATES } from './text.ts';

export interface SeriesPageOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  readonly folder: string;
}

export function renderSeriesPage(document: SeriesDocument, options: SeriesPageOptions): string {
  const { steps, kernel, exitCode } = document;
  const headline = seriesVerdict(document, PLAIN).replace(/ \(exit \d+\)$/, '');
  return renderDocument({
    title: `${headline} · series`,
    script: themeScript(),
    body: [
      hero({
        mood: moodOf(exitCode),
        name: `series ${harmless(options.folder.split('/').at(-1) ?? '')}`,
        headline,
        about: [
          h('strong', {}, kernel === null ? 'no kernel' : `Linux ${harmless(kernel.version)}`),
          kernel === null ? '' : ` ${describeSource(kernel, options.home)}`,
          ` + ${plural(steps.length - 1, 'patch', 'patches')}, one by one, in ${formatDuration(document.durationMs)}`,
        ],
      }),
      h('main', { id: 'main' }, [
        ...document.targets.map((target) => section(`On ${harmless(target)}`, [table(document, target)])),
        ...steps.flatMap((step) => stepSection(step, options)),
      ]),
      h('footer', {}, `${harmless(document.tool)} · one file, no request is made`),
    ],
  });
}

function table({ steps }: SeriesDocument, target: string): Element {
  const own = steps.map((step) => ({ step, at: step.targets.find(({ name }) => name === target) }));
  const letters = [...new Set(own.flatMap(({ at }) => at?.groups.map(({ letter }) => letter) ?? []))].toSorted();
  const rows = own.map(({ step, at }): Child[] => [
    step.number === 0 ? '' : String(step.number),
    step.number === 0 ? 'the base' : harmless(step.subject),
    ...stateWords(step, at, PLAIN),
    ...letters.map((letter) => sign(groupSign(at, letter, PLAIN))),
  ]);
  return plainTable(['', 'patch', 'builds', 'boots', ...letters], rows);
}

const sign = (text: string): Child => {
  const outcome = text.startsWith('✗')
    ? 'fail'
    : text.startsWith('?')
      ? 'error'
      : text.startsWith('·')
        ? 'known'
        : 'pass';
  return text === '' || text === '–' ? text : h('span', { class: `badge wide o-${outcome}` }, text);
};

function stepSection(step: SeriesStep, { catalogue }: SeriesPageOptions): Element[] {
  const whys = step.targets.filter(({ state }) => state !== 'vetted');
  if (step.changes.length + step.newSplats.length + whys.length === 0) return [];
  return [
    section(step.number === 0 ? 'The base' : `Patch ${step.number}: ${harmless(step.subject)}`, [
      ...whys.map(({ name, state, why }) =>
        h(
          'div',
          { class: 'note-block error' },
          h('p', {}, h('b', {}, harmless(name)), ` ${STATES[state]}`),
          why === '' ? [] : h('pre', { tabindex: 0 }, harmlessText(why)),
        ),
      ),
      ...step.newSplats.map(({ title, where }) =>
        h('div', { class: 'note-block error' }, h('p', {}, h('b', {}, 'new splat'), ` ${harmless(title)}`), [
          h('p', { class: 'note' }, harmless(where.slice(0, 8).join(', '))),
        ]),
      ),
      ...(step.changes.length === 0
        ? []
        : [
            plainTable(
              ['', 'cell', 'clause', 'why'],
              step.changes.map(({ clause, path, target, change, before, after }) => [
                h(
                  'span',
                  {
                    class: `badge wide ${change === 'fixed' ? 'o-pass' : change === 'regression' ? 'o-fail' : 'o-changed'}`,
                  },
                  `${CHANGE_LOOKS[change].sign} ${CHANGE_LOOKS[change].word}`,
                ),
                harmless(`${clause} ${path} ${target}`),
                titleOf(catalogue, clause),
                harmless(after?.reason || before?.reason || ''),
              ]),
            ),
          ]),
    ]),
  ];
}
