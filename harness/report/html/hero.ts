/** The head of a page: what it comes to in a line, of which kernel, and the button for the colours. */
import { EXIT } from '../../core/outcome.ts';
import { h, type Child, type Element } from './shared/node.ts';

export type Mood = 'good' | 'bad' | 'undecided';

export interface HeroParts {
  readonly mood: Mood;
  /** Beside our name: which run or question it is. */
  readonly name: string;
  readonly headline: string;
  /** Of which kernel, or how much. */
  readonly about: readonly Child[];
}

/** @param more what stands below */
export const hero = ({ mood, name, headline, about }: HeroParts, ...more: readonly Element[]): Element =>
  h(
    'header',
    { class: `hero ${mood}` },
    h(
      'div',
      { class: 'bar-top' },
      h('span', { class: 'brand' }, 'mmapvet'),
      h('span', { class: 'run-name' }, name),
      h('button', { id: 'theme', type: 'button' }, 'Colours: as the system'),
    ),
    h('h1', {}, headline),
    h('p', { class: 'kernel' }, about),
    more,
  );

/** @param exitCode null for what was killed */
export function moodOf(exitCode: number | null): Mood {
  if (exitCode === EXIT.good) return 'good';
  return exitCode === EXIT.bad ? 'bad' : 'undecided';
}
