/** A bisection on the terminal: a line a commit, and how far its kernel is. */
import type { Screen } from '../../core/screen.ts';
import { plural } from '../../core/words.ts';
import { shortId, type Line } from '../../kernel/line.ts';
import { harmless } from '../../probe/untrusted.ts';
import { createProgress } from '../../report/progress.ts';
import type { RunPlan } from '../../run/plan.ts';
import type { Tell } from './bisect.ts';
import type { Step } from './log.ts';

export interface Teller extends Tell {
  head(plan: RunPlan, line: Line, known: number, candidates: readonly string[]): void;
  close(): void;
}

const ID = 12;

export function createTeller(screen: Screen): Teller {
  const { style } = screen;
  const progress = createProgress({ write: screen.out }, { screen, width: ID });
  const print = (text: string): void => screen.out(`${text}\n`);
  let subject = '';
  return {
    head(plan, line, known, { length }) {
      const clauses = [...new Set(plan.checks.map(({ clause }) => clause.id))].join(' ');
      const targets = plan.targets.map(({ name }) => name).join(' ');
      print(
        `${style('bold', 'mmapvet bisect')} · ${clauses} · ${targets} · ${plan.profile.name} · ${harmless(line.tree)}`,
      );
      print(`  ${plural(length, 'commit')}, about ${plural(Math.ceil(Math.log2(length)), 'step')} after both ends`);
      if (known > 0)
        print(`  Goes on after ${plural(known, 'commit')} of an interrupted bisection; --restart begins anew.`);
      print('');
    },
    begin(what, commit, left) {
      subject = harmless(commit.subject);
      const where = left === null ? what : plural(left, 'commit left', 'commits left');
      print(`  ${style('bold', shortId(commit.commit))}  ${style('dim', `${where}:`)} ${subject}`);
    },
    progress: (kernel) => progress.of(kernel),
    done(step, again) {
      print(`  ${shortId(step.commit)}  ${verdictText(step, style)}${again ? style('dim', '  (from the log)') : ''}`);
    },
    note: (text) => print(`  ${style('yellow', '!')} ${harmless(text)}`),
    close: () => progress.close(),
  };
}

function verdictText(step: Step, style: Screen['style']): string {
  const same = step.sameAs === null ? '' : style('dim', `, not run: the same kernel as ${shortId(step.sameAs)}`);
  switch (step.verdict) {
    case 'good':
      return `${style('green', '✓ good')}${step.sameAs === null ? `  ${runsText(step)} without the fault` : same}`;
    case 'bad': {
      const cell = step.cells.find(({ shown }) => shown > 0);
      const text =
        cell === undefined
          ? ''
          : `  ${cell.name}, ${cell.shown} of ${plural(cell.runs, 'run')}: ${harmless(cell.reason)}`;
      return `${style('red', '✗ bad')}${step.sameAs === null ? text : same}`;
    }
    case 'skipped':
      return `${style('yellow', '? skipped')}  ${harmless(step.why)}`;
  }
}

const runsText = ({ cells }: Step): string => plural(Math.min(...cells.map(({ runs }) => runs)), 'run');
