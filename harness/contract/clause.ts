/**
 * The format of the clause catalogue. A clause is one testable sentence of the contract; the data lies in
 * `clauses/<group>.ts`, one file a group. The probe that checks a clause lies in `guest/probes/<group>.c`; an e2e test
 * holds `mmapvet-probes --list` against the catalogue.
 */

/** P promised by documentation or header text, I implied by the implementation, X recorded behaviour. */
export type ClauseClass = 'P' | 'I' | 'X';

/**
 * How the hooks are reached: through the driver, directly or behind a stacked wrapper (guest/driver/mmapvet.h), or through
 * one of the kernel's own users of them.
 */
export const DRIVER_PATHS = ['direct', 'W1', 'W2', 'W3', 'W4', 'W5'] as const;
export const PATHS = [...DRIVER_PATHS, 'user'] as const;
export type Path = (typeof PATHS)[number];

/**
 * `two`: the driver's facts and user space's facts must agree, else the cell is an error.
 * `driver-only`: only a hook can see it; the driver's facts decide, user space shows a consequence of the same call.
 * `as-stated`: of a user's own probe: whoever states facts counts, and where both do they must agree.
 */
export type Observers = 'two' | 'driver-only' | 'as-stated';

/** Names of `enum mmapvet_feature` (guest/driver/mmapvet.h), as the probes print them. */
export const FEATURES = [
  'prepare',
  'mapped',
  'vfs-mmap',
  'compat-desc',
  'action',
  'kernel-pages',
  'simple-ioremap',
  'override',
  'hide',
  'success-hook',
  'desc-flags',
] as const;
export type Feature = (typeof FEATURES)[number];

/**
 * What turns exactly this clause red: a kernel of `test/mutants/<name>.patch`, or a lie of the driver (`--driver-lie`);
 * the e2e tests try both. `tried` was tried by hand: `docs/evidence/<name>.md` has the command, the date and what came.
 */
export type RedControl =
  | { readonly kind: 'mutant'; readonly name: string }
  | { readonly kind: 'lie'; readonly name: string }
  | { readonly kind: 'tried'; readonly name: string };

/** A complaint of the kernel that the clause must provoke: seen is required, any other is a fault. */
export interface RequiredSplat {
  /** The class that it is read as; a warning where nothing is said. */
  readonly class?: 'warning' | 'leak';
  /** Matches the splat's title, `WARNING in can_mmap_file` for one. */
  readonly title: RegExp;
  readonly why: string;
}

export interface Clause {
  readonly id: string;
  /** The claim, in one sentence without a full stop. */
  readonly title: string;
  readonly class: ClauseClass;
  /** `file:function` below the kernel tree. */
  readonly source: string;
  readonly observers: Observers;
  /** The driver event that must have happened for a verdict to mean anything. */
  readonly event: string;
  readonly paths: readonly Path[];
  /** Why it is not checked on the other paths of the driver, W4 apart, which exists to fail. */
  readonly notElsewhere?: string;
  /** Features without which the clause does not apply. */
  readonly needs: readonly Feature[];
  readonly redControls: readonly RedControl[];
  readonly splat?: RequiredSplat;
  /** Several tasks run hooks at once: the order of their events differs from run to run. */
  readonly racy?: true;
  /** Plain words for `mmapvet explain`: what it means, how it is seen. */
  readonly explain: string;
}

export interface ClauseGroup {
  readonly letter: string;
  readonly name: string;
  /**
   * The fragment of kernel-config/ that brings what the group is about. Runs under profiles without it leave the group
   * out, unless it is asked for.
   */
  readonly only?: string;
  readonly clauses: readonly Clause[];
}
