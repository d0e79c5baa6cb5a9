/**
 * What the kernel does otherwise than its documentation says, or than a driver's author would think: docs/findings.md,
 * tied to the cells that show it. A finding is told of a run only where one of its cells did show it.
 */
import type { Cell } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';

export interface Finding {
  /** The section of docs/findings.md. */
  readonly number: number;
  readonly title: string;
  /** The clauses that show it, and the outcomes with which they do. */
  readonly shownBy: readonly { readonly clauses: readonly string[]; readonly outcomes: readonly Outcome[] }[];
}

/** Recorded behaviour that is as recorded: the deviation is there. */
const recorded = (...clauses: readonly string[]): Finding['shownBy'] => [{ clauses, outcomes: ['pass'] }];
/** A clause that the deviation breaks. */
const broken = (...clauses: readonly string[]): Finding['shownBy'] => [{ clauses, outcomes: ['fail', 'known'] }];

/** Numbers 6 and 12 of the document are not here: to show 6 hangs the guest, and N04 passes with and without 12. */
export const FINDINGS: readonly Finding[] = [
  { number: 1, title: 'The file that mmap_prepare puts into vm_file leaks', shownBy: recorded('G09') },
  {
    number: 2,
    title: "If the clean-up can't unmap, mmap() fails and the mapping stays",
    shownBy: recorded('E12', 'N08'),
  },
  { number: 3, title: 'close runs after a failed mapped, but not on a stacked path', shownBy: recorded('E08', 'K08') },
  { number: 4, title: 'A mapped that a legacy .mmap sets is ignored in silence', shownBy: recorded('L01') },
  { number: 5, title: 'A wrapper that fails after its nested map leaves what mapped took', shownBy: recorded('K12') },
  {
    number: 7,
    title: "On a stacked path mapped gets the wrapper's file, not its VMA",
    shownBy: recorded('K11', 'K02'),
  },
  {
    number: 8,
    title: 'error_override: also for mapped, not when stacked, not for a refused action',
    shownBy: recorded('E14', 'E07', 'K07'),
  },
  { number: 9, title: "A hook's positive result is returned by mmap() as an address", shownBy: recorded('E11') },
  { number: 10, title: 'MAP_FIXED that fails in a hook leaves a hole', shownBy: recorded('E09') },
  { number: 11, title: 'A failed overlay leaks the commit charge of the old mapping', shownBy: broken('M05') },
  {
    number: 13,
    title: 'close gives back what a mapped that never ran would have taken (STM)',
    shownBy: recorded('U06'),
  },
];

export interface ShownFinding {
  readonly number: number;
  readonly title: string;
  readonly document: string;
  /** The clauses that showed it in this run, and where. */
  readonly clauses: readonly string[];
  readonly targets: readonly string[];
}

/** The findings that these cells showed. */
export function shownFindings(cells: readonly Pick<Cell, 'clause' | 'outcome' | 'target'>[]): ShownFinding[] {
  return FINDINGS.flatMap(({ number, title, shownBy }) => {
    const showing = cells.filter((cell) =>
      shownBy.some(({ clauses, outcomes }) => clauses.includes(cell.clause) && outcomes.includes(cell.outcome)),
    );
    if (showing.length === 0) return [];
    const unique = (values: readonly string[]): string[] => [...new Set(values)];
    return {
      number,
      title,
      document: `docs/findings.md, ${number}`,
      clauses: unique(showing.map((cell) => cell.clause)),
      targets: unique(showing.map((cell) => cell.target)),
    };
  });
}
