/**
 * What a kernel's trouble looks like on its console, as data. Sources of the texts: kernel/panic.c, lib/bug.c,
 * kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, kernel/hung_task.c, kernel/watchdog.c, mm/kasan/report.c,
 * lib/ubsan.c, lib/refcount.c, lib/list_debug.c, mm/oom_kill.c, mm/page_alloc.c, arch/{x86,arm64}/mm/fault.c.
 */
export type FaultClass =
  | 'oops'
  | 'bug'
  | 'warning'
  | 'kasan'
  | 'kmsan'
  | 'kfence'
  | 'kcsan'
  | 'ubsan'
  | 'leak'
  | 'lockdep'
  | 'rcu-stall'
  | 'lockup'
  | 'hung-task'
  | 'atomic-sleep'
  | 'refcount'
  | 'list-corruption'
  | 'page-state'
  | 'usercopy'
  | 'panic'
  | 'oom'
  | 'stack'
  | 'other';

/** What a title is made of: the match of the detector's line, and the splat's lines. */
export interface TitleParts {
  readonly group: (index: number) => string;
  /** The function of the RIP or pc line, empty where there is none. */
  readonly at: string;
  readonly find: (pattern: RegExp) => RegExpExecArray | null;
}

export interface Detector {
  readonly class: FaultClass;
  /** Tried on a console line without its printk prefix. */
  readonly line: RegExp;
  readonly title: (parts: TitleParts) => string;
  /**
   * Where the splat ends. `end-trace`: at `---[ end trace`. `trace`: after its stack trace. `line`: it is one line.
   */
  readonly until: 'end-trace' | 'trace' | 'line';
}

const inFunction = (text: string, at: string): string => (at === '' ? text : `${text} in ${at}`);
const fixed = (title: string) => () => title;
/** `func+0x1/0x2 [module]` as printk's %pS prints it. */
const SYMBOL = String.raw`([\w.$]+)\+0x[\da-f]+\/0x[\da-f]+`;
const re = (source: string) => new RegExp(source);

/**
 * Most specific first: where several match within one splat, the first of this list names it. A refcount that warns is
 * thus `refcount`, not `warning`.
 */
export const DETECTORS: readonly Detector[] = Object.freeze<Detector[]>([
  {
    class: 'kasan',
    line: re(String.raw`^BUG: KASAN: ([\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: ({ group, find }) => {
      const access = find(/^(Read|Write) of size /)?.[1];
      return inFunction(`KASAN: ${group(1)}${access === undefined ? '' : ` ${access}`}`, group(2));
    },
    until: 'end-trace',
  },
  {
    class: 'kfence',
    line: re(String.raw`^BUG: KFENCE: ([\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: ({ group }) => inFunction(`KFENCE: ${group(1)}`, group(2)),
    until: 'end-trace',
  },
  {
    class: 'kmsan',
    line: re(String.raw`^BUG: KMSAN: ([\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: ({ group }) => inFunction(`KMSAN: ${group(1)}`, group(2)),
    until: 'end-trace',
  },
  {
    class: 'kcsan',
    line: /^BUG: KCSAN: ([\w -]+?) in (.+)$/,
    title: ({ group }) => `KCSAN: ${group(1)} in ${group(2)}`,
    until: 'end-trace',
  },
  {
    class: 'ubsan',
    line: /^UBSAN: ([\w -]+?) in (\S+?)(?::\d+)*$/,
    title: ({ group }) => `UBSAN: ${group(1)} in ${group(2)}`,
    until: 'end-trace',
  },
  {
    class: 'refcount',
    line: /^refcount_t: (.+?)\.?$/,
    title: ({ group }) => `refcount_t: ${group(1)}`,
    until: 'end-trace',
  },
  {
    class: 'list-corruption',
    line: /^(list_(?:add|del)) (corruption|double add)/,
    title: ({ group }) => `${group(1)} ${group(2)}`,
    until: 'end-trace',
  },
  {
    class: 'usercopy',
    line: /^usercopy: (Kernel memory \w+ attempt detected)/,
    title: ({ group }) => group(1),
    until: 'end-trace',
  },
  {
    class: 'lockdep',
    line: /^WARNING: (possible .+? detected|inconsistent lock state|bad unlock balance detected|suspicious RCU usage|.+ lock order detected|chain_key collision|Nested lock was not taken|bad contention detected|held lock freed|lock held when returning to user space)!?$/,
    title: ({ group }) => group(1).replace(/ detected$/, ''),
    until: 'trace',
  },
  {
    class: 'lockdep',
    line: /^WARNING: \S+\/\d+ still has locks held!$/,
    title: fixed('task still has locks held'),
    until: 'trace',
  },
  { class: 'lockdep', line: /^\[ BUG: Invalid wait context \]$/, title: fixed('invalid wait context'), until: 'trace' },
  {
    class: 'atomic-sleep',
    line: /^BUG: (sleeping function called from invalid context|assuming atomic context) at (\S+?)(?::\d+)?$/,
    title: ({ group }) => `${group(1)} at ${group(2)}`,
    until: 'trace',
  },
  {
    class: 'atomic-sleep',
    line: /^BUG: (scheduling while atomic|scheduling in a non-blocking section):/,
    title: ({ group }) => group(1),
    until: 'trace',
  },
  {
    class: 'lockup',
    line: /^(?:watchdog: )?BUG: soft lockup - CPU#\d+ stuck/,
    title: ({ at }) => inFunction('soft lockup', at),
    until: 'trace',
  },
  {
    class: 'lockup',
    line: /^(?:NMI watchdog: |watchdog: )?(?:CPU\d+: )?Watchdog detected hard LOCKUP/,
    title: ({ at }) => inFunction('hard lockup', at),
    until: 'trace',
  },
  { class: 'lockup', line: /^BUG: workqueue lockup/, title: fixed('workqueue lockup'), until: 'trace' },
  {
    class: 'hung-task',
    line: /^INFO: task (.+):\d+ (?:blocked|<\w+> blocked|.* blocked) (?:in I\/O wait )?for more than \d+ seconds/,
    title: ({ group }) => `task ${group(1)} hung`,
    until: 'trace',
  },
  {
    class: 'rcu-stall',
    line: /^(?:rcu: )?INFO: (\w+) (?:self-)?detected (?:expedited )?stalls?\b/,
    title: ({ group }) => `${group(1)} stall`,
    until: 'trace',
  },
  {
    class: 'page-state',
    line: /^BUG: (Bad page state|Bad page map|Bad page cache|Bad rss-counter state|non-zero pgtables_bytes)/,
    title: ({ group }) => group(1),
    until: 'trace',
  },
  {
    class: 'stack',
    line: /^(?:BUG: (stack guard page was hit|TASK stack guard page was hit)|(Insufficient stack space))/,
    title: ({ at }) => inFunction('kernel stack overflow', at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^(?:BUG: )?(?:U|u)nable to handle (?:kernel )?(NULL pointer dereference|paging request|page fault|\w[\w ]*?)(?: for| at)? (?:virtual )?address/,
    title: ({ group, at }) => inFunction(group(1).replace('page fault', 'paging request'), at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^BUG: kernel (NULL pointer dereference), address:/,
    title: ({ group, at }) => inFunction(group(1), at),
    until: 'end-trace',
  },
  {
    class: 'bug',
    line: /^kernel BUG at /,
    title: ({ at }) => inFunction('kernel BUG', at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^(?:Oops: )?general protection fault/,
    title: ({ at }) => inFunction('general protection fault', at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^(?:Internal error: )?Oops(?: - ([\w ]+?))?(?::| \[)/,
    title: ({ group, at }) => inFunction(group(1) === '' ? 'Oops' : group(1), at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^Internal error: ([\w ,-]+?):/,
    title: ({ group, at }) => inFunction(group(1), at),
    until: 'end-trace',
  },
  {
    class: 'panic',
    line: /^Kernel panic - not syncing: (.+)$/,
    title: ({ group }) => `panic: ${group(1)}`,
    until: 'end-trace',
  },
  {
    class: 'oom',
    line: /^(?:Memory cgroup out of memory|Out of memory)(?: \([^)]*\))?: Kill(?:ed)? process \d+ \(([^)]*)\)/,
    title: ({ group }) => `out of memory, killed ${group(1)}`,
    until: 'line',
  },
  {
    class: 'leak',
    line: /^kmemleak: \d+ new suspected memory leaks/,
    title: fixed('suspected memory leak'),
    until: 'line',
  },
  {
    class: 'warning',
    // Since 6.18 `WARNING: file:line at func+0x1/0x2, CPU#0: comm/pid`; before, `WARNING: CPU: 0 PID: 1 at file:line func+…`.
    line: re(String.raw`^WARNING: (?:CPU: \d+ PID: \d+ at )?(\S+?:\d+)? ?(?:at )?(?:${SYMBOL}|0x[\da-f]+)`),
    title: ({ group }) => (group(2) === '' ? `WARNING at ${group(1)}` : `WARNING in ${group(2)}`),
    until: 'end-trace',
  },
  { class: 'warning', line: /^WARNING: (.+)$/, title: ({ group }) => `WARNING: ${group(1)}`, until: 'trace' },
  { class: 'bug', line: /^BUG: (.+)$/, title: ({ group }) => `BUG: ${group(1)}`, until: 'trace' },
]);
