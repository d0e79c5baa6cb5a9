/** What the page's script finds in the page. */

/** `[clause, path, target, outcome, durationMs, reason]`, the first four as places in their lists; outcome -1: no verdict. */
export type CellRow = readonly [
  clause: number,
  path: number,
  target: number,
  outcome: number,
  durationMs: number,
  reason: string,
];

export interface PageClause {
  readonly id: string;
  readonly title: string;
  readonly class: string;
  readonly source: string;
  readonly observers: string;
  readonly red: readonly string[];
}

export interface PageData {
  readonly outcomes: readonly { readonly name: string; readonly word: string; readonly sign: string }[];
  readonly groups: readonly { readonly letter: string; readonly name: string }[];
  readonly clauses: readonly PageClause[];
  readonly paths: readonly string[];
  readonly targets: readonly string[];
  readonly cells: readonly CellRow[];
}

export type PageFact = readonly [ok: 0 | 1, text: string];

export interface PageFault {
  readonly title: string;
  readonly class: string;
  readonly lines: readonly string[];
  /** `mm/util.c:123  mmap_action_finish`, where symbols were looked up. */
  readonly frames: readonly string[];
  readonly guilty: string;
  readonly fingerprint: string;
}

/** All about one cell, as packed beside the page and unpacked when a cell is opened. */
export interface CellDetail {
  readonly driver: readonly PageFact[];
  readonly user: readonly PageFact[];
  /** Which ones, and what they said. */
  readonly repeats: readonly (readonly [label: string, text: string])[];
  readonly faults: readonly PageFault[];
  readonly log: readonly string[];
  readonly console: readonly string[];
  /** Where the evidence lies, or why there is none to show. */
  readonly evidence: string;
  readonly commands: readonly string[];
}

export interface PageDetails {
  readonly cells: readonly CellDetail[];
  /** By the clause's place. */
  readonly explain: readonly string[];
}
