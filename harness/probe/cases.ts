/** The test cases in the output of a kselftest program: KTAP or TAP 13. All text is harmless and bounded. */
import type { Case } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { createKtapParser, type Directive, type KtapItem } from './ktap.ts';
import { harmless } from './untrusted.ts';

export interface CaseList {
  readonly cases: readonly Case[];
  /** What the program said as it gave up, all of it or in part. */
  readonly bailOut: string | null;
  /** Why nothing at all was tested: a plan of 0 cases says it. */
  readonly skipped: string | null;
  /** How the output breaks the standard in a way that could hide a case. */
  readonly problems: readonly string[];
}

export interface CaseReader {
  push(chunk: string): void;
  end(): CaseList;
}

const MOST_CASES = 2000;
const TEXT = 300;

/** A case may be missing, or be there twice; numbers alone are another matter, forked children count for themselves. */
const HIDING: ReadonlySet<string> = new Set(['short-plan', 'cut-line']);

export function createCaseReader(): CaseReader {
  const cases: Case[] = [];
  const problems: string[] = [];
  let bailOut: string | null = null;
  let skipped: string | null = null;
  /** What was said since the last result: a failed case's own words. */
  let said: string[] = [];

  const take = (item: KtapItem): void => {
    switch (item.kind) {
      case 'result': {
        // Subtests are told by their parent.
        if (item.depth > 0) return;
        const { outcome, reason } = judge(item.ok, item.directive);
        // Some programs write `ok 1 # XFAIL mremap - …`: the name stands behind the directive.
        const name = item.description || reason || `case ${item.number}`;
        const words = outcome === 'pass' ? '' : reason !== '' ? reason : (said.at(-1) ?? '');
        said = [];
        if (cases.length < MOST_CASES)
          cases.push({ name: harmless(name, TEXT), outcome, reason: name === words ? '' : harmless(words, TEXT) });
        else if (cases.length === MOST_CASES) problems.push(`there are more than ${MOST_CASES} cases`);
        return;
      }
      case 'diagnostic':
      case 'unknown':
        said = [...said.slice(-1), item.text];
        return;
      case 'plan':
        if (item.depth === 0 && item.count === 0) skipped = harmless(item.directive?.text ?? '', TEXT);
        return;
      case 'bail-out':
        bailOut ??= harmless(item.text, TEXT);
        return;
      case 'problem':
        if (item.depth === 0 && HIDING.has(item.problem)) problems.push(item.text);
        return;
      case 'version':
        return;
    }
  };
  const parser = createKtapParser(take);
  return {
    push: (chunk) => parser.push(chunk),
    end() {
      parser.end();
      return { cases, bailOut, skipped, problems: [...new Set(problems)] };
    },
  };
}

function judge(ok: boolean, directive: Directive | null): { readonly outcome: Outcome; readonly reason: string } {
  const reason = directive?.text ?? '';
  switch (directive?.kind) {
    case 'SKIP':
      return { outcome: 'not-applicable', reason };
    case 'XFAIL':
    case 'TODO':
      return { outcome: 'known', reason };
    case 'TIMEOUT':
    case 'ERROR':
      return { outcome: 'error', reason };
    case 'other':
    case undefined:
      return { outcome: ok ? 'pass' : 'fail', reason: ok ? '' : reason };
  }
}
