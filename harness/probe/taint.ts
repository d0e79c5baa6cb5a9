/**
 * The kernel's taint flags (`taint_flags` of kernel/panic.c, Documentation/admin-guide/tainted-kernels.rst), as data.
 */
export interface TaintFlag {
  readonly bit: number;
  readonly letter: string;
  readonly word: string;
  /** `ours`: our own driver must cause it. `fault`: the kernel broke. `other`: noted, decides nothing. */
  readonly role: 'ours' | 'fault' | 'other';
}

const ROWS: readonly (readonly [letter: string, word: string, role?: TaintFlag['role']])[] = [
  ['P', 'proprietary module'],
  ['F', 'module force loaded'],
  ['S', 'CPU out of specification'],
  ['R', 'module force unloaded'],
  ['M', 'machine check'],
  ['B', 'bad page', 'fault'],
  ['U', 'set by user space'],
  ['D', 'oops or BUG', 'fault'],
  ['A', 'ACPI table overridden'],
  ['W', 'warning', 'fault'],
  ['C', 'staging driver'],
  ['I', 'firmware workaround'],
  ['O', 'out-of-tree module', 'ours'],
  ['E', 'unsigned module', 'ours'],
  ['L', 'soft lockup', 'fault'],
  ['K', 'live patch'],
  ['X', 'auxiliary'],
  ['T', 'struct layout randomised'],
  ['N', 'in-kernel test'],
  ['J', 'fwctl'],
];

export const TAINT_FLAGS: readonly TaintFlag[] = Object.freeze(
  ROWS.map(([letter, word, role], bit) => ({ bit, letter, word, role: role ?? 'other' })),
);

const has = (value: number, bit: number): boolean => Math.floor(value / 2 ** bit) % 2 === 1;

/** The flags set in a value of /proc/sys/kernel/tainted; bits that this table does not know come as `?`. */
export function taintFlags(value: number): TaintFlag[] {
  const flags = TAINT_FLAGS.filter((flag) => has(value, flag.bit));
  for (let bit = TAINT_FLAGS.length; bit < 53; bit += 1)
    if (has(value, bit)) flags.push({ bit, letter: '?', word: `unknown bit ${bit}`, role: 'other' });
  return flags;
}

/** `W (warning), D (oops or BUG)`. */
export function describeTaint(flags: readonly TaintFlag[]): string {
  return flags.map((flag) => `${flag.letter} (${flag.word})`).join(', ');
}

/** Flags that `after` has and `before` had not, without those that our own driver must cause. */
export function newTaint(before: number, after: number): TaintFlag[] {
  return taintFlags(after).filter((flag) => !has(before, flag.bit) && flag.role !== 'ours');
}
