/** The kinds of kernel trouble, as one list: what `parse --json` prints, what verdicts and reports go by. */
export const FAULT_CLASSES = [
  'oops',
  'bug',
  'warning',
  'kasan',
  'kmsan',
  'kfence',
  'kcsan',
  'ubsan',
  'leak',
  'lockdep',
  'rcu-stall',
  'lockup',
  'hung-task',
  'atomic-sleep',
  'refcount',
  'list-corruption',
  'page-state',
  'usercopy',
  'panic',
  'reboot',
  'oom',
  'stack',
  'other',
] as const;

export type FaultClass = (typeof FAULT_CLASSES)[number];
