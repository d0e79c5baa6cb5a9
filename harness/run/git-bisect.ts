/**
 * What a run means to a bisection, by git's words: `git bisect run` takes 0 for good, 125 for a tree that can't be judged,
 * other codes up to 127 for bad, and stops at higher ones. So 64 and 2, which mean neither, must not reach it. Pure.
 */
import type { EventBody } from '../core/events.ts';
import { EXIT } from '../core/outcome.ts';

const GIT = { good: 0, bad: 1, skip: 125, stop: 255 } as const;

/** What can't be built of a tree, or not with it. Anything else that keeps a build from its end is trouble of this host. */
const UNBUILDABLE: readonly string[] = [
  'BUILD_FAILED',
  'CONFIG_FAILED',
  'CONFIG_LOST',
  'DRIVER_DOES_NOT_FIT',
  'FEATURES_FAILED',
  'KERNEL_NOT_A_TREE',
  'PATCH_FAILED',
];

/** What a kernel may do to its guest without a word: nobody can tell whose fault it is. */
const LOST: readonly string[] = [
  'DRIVER_LOAD',
  'DRIVER_UNLOAD',
  'GUEST_DIED',
  'GUEST_LOST',
  'GUEST_NOT_READY',
  'GUEST_SETUP',
  'NO_END_MARK',
  'PROBES_BROKE',
];

/** @param code of a MmapvetError */
export const isUnbuildable = (code: string): boolean => UNBUILDABLE.includes(code);

/** @param exitCode of a run that came to its end, or was interrupted */
export function gitBisectCode(exitCode: number, events: readonly EventBody[]): number {
  if (exitCode === EXIT.good) return GIT.good;
  if (exitCode === EXIT.bad) return GIT.bad;
  if (exitCode !== EXIT.undecided) return GIT.stop;
  const codes = events.flatMap((event) => (event.kind === 'note' && event.level === 'error' ? (event.code ?? '') : []));
  return codes.every((code) => isUnbuildable(code) || LOST.includes(code)) ? GIT.skip : GIT.stop;
}

/** Of a command line that did not come to a run: git must stop, whatever it was. */
export const gitBisectStop = (argv: readonly string[], code: number): number =>
  argv.includes('--git-bisect') && !([GIT.good, GIT.bad, GIT.skip] as readonly number[]).includes(code)
    ? GIT.stop
    : code;
