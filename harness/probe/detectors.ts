/**
 * What a kernel's trouble looks like on its console, as data. Sources of the texts: kernel/panic.c, lib/bug.c,
 * kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, tree_exp.h and tasks.h, kernel/hung_task.c, kernel/watchdog.c,
 * kernel/workqueue.c, kernel/sched/core.c, kernel/fork.c, mm/{kasan,kmsan,kfence}/report.c, kernel/kcsan/report.c,
 * mm/{kmemleak,memory,page_alloc,page_table_check,slub,oom_kill,usercopy}.c, lib/{ubsan,refcount,list_debug}.c,
 * arch/x86/{mm/fault.c,kernel/traps.c,kernel/dumpstack.c}, arch/arm64/{mm/fault.c,kernel/traps.c}.
 */
import type { FaultClass } from './fault-classes.ts';

/** What a title is made of: the match of the detector's line, the guilty function, and the splat's lines. */
export interface TitleParts {
  readonly group: (index: number) => string;
  /** The guilty function, empty where no stack names one. */
  readonly at: string;
  readonly find: (pattern: RegExp) => RegExpExecArray | null;
}

export interface Detector {
  readonly class: FaultClass;
  /** Tried on a console line without its printk prefix. */
  readonly line: RegExp;
  readonly title: (parts: TitleParts) => string;
  /**
   * Where the splat ends. `end-trace`: at `---[ end trace`. `rule`: at a line of `=`. `trace`: after its stack trace.
   * `line`: it is one line.
   */
  readonly until: 'end-trace' | 'rule' | 'trace' | 'line';
  /** May come within the head of another one, which then goes on: the Oops line after the BUG line. */
  readonly joins?: true;
  /** Its frames follow the head, without a `Call Trace:` line. */
  readonly frames?: 'lead';
  /** `never`: no stack belongs to it. `maybe`: the kernel leaves it out at times. `must`: without one it is no fault. */
  readonly stack?: 'never' | 'maybe' | 'must';
  /** Lines that continue it after its stack trace: the stack of the lock's owner, other CPUs. */
  readonly goesOn?: RegExp;
}

const inFunction = (text: string, at: string): string => (at === '' ? text : `${text} in ${at}`);
const says = (title: string) => (parts: TitleParts) => inFunction(title, parts.at);
const firstGroup = ({ group, at }: TitleParts): string => inFunction(group(1), at);
const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
/** `func+0x1/0x2 [module]` as printk's %pS prints it. */
const SYMBOL = String.raw`([\w.$]+)\+0x[\da-f]+\/0x[\da-f]+`;
const re = (source: string) => new RegExp(source);

const OTHER_STACKS = /^NMI backtrace for cpu \d+$|^Sending NMI |^task:\S|^INFO: task .* blocked on |^Task dump for CPU/;

/** `BUG: KFENCE: use-after-free read in f+0x1/0x2`: the access is the last word of the kind. */
const sanitizer =
  (name: string) =>
  ({ group, at, find }: TitleParts): string => {
    const kind = group(1).replace(/ (read|write)$/, (_all, word: string) => ` ${capital(word)}`);
    const access = find(/^(Read|Write) (?:of size \d+ )?at /)?.[1];
    return inFunction(`${name}: ${kind}${access === undefined ? '' : ` ${access}`}`, at === '' ? group(2) : at);
  };

const LOCKDEP = [
  'possible .+? detected',
  'inconsistent lock state',
  'bad unlock balance detected',
  'bad contention detected',
  'suspicious RCU usage',
  String.raw`.+ lock order detected`,
  'chain_key collision',
  'Nested lock was not taken',
  'held lock freed',
  'lock held when returning to user space',
];

/**
 * Most specific first: where several match within one splat, the first of this list names it. A refcount that warns is
 * thus `refcount`, not `warning`.
 */
export const DETECTORS: readonly Detector[] = Object.freeze<Detector[]>([
  {
    class: 'kasan',
    line: re(`^BUG: KASAN: ([\\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: sanitizer('KASAN'),
    until: 'rule',
  },
  {
    class: 'kfence',
    line: re(`^BUG: KFENCE: ([\\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: sanitizer('KFENCE'),
    until: 'rule',
    frames: 'lead',
  },
  {
    class: 'kmsan',
    line: re(`^BUG: KMSAN: ([\\w -]+?)(?: in ${SYMBOL}.*)?$`),
    title: sanitizer('KMSAN'),
    until: 'rule',
    frames: 'lead',
  },
  {
    class: 'kcsan',
    line: /^BUG: KCSAN: ([\w -]+?) in ([\w.$]+)(?:\+\S+)?(?: \[[\w-]+\])?(?: \/ ([\w.$]+))?/,
    title: ({ group }) => `KCSAN: ${group(1)} in ${group(2)}${group(3) === '' ? '' : ` / ${group(3)}`}`,
    until: 'rule',
    frames: 'lead',
  },
  {
    class: 'ubsan',
    line: /^UBSAN: ([\w -]+?) in (\S+?)(?::\d+)*$/,
    title: ({ group, at }) => `UBSAN: ${group(1)} in ${at === '' ? group(2) : at}`,
    until: 'end-trace',
  },
  {
    class: 'refcount',
    line: /^refcount_t: (.+?)\.?$/,
    title: ({ group, at }) => inFunction(`refcount_t: ${group(1)}`, at),
    until: 'end-trace',
  },
  {
    class: 'list-corruption',
    line: /^(list_(?:add|del)) (corruption|double add)/,
    title: ({ group, at }) => inFunction(`${group(1)} ${group(2)}`, at),
    until: 'end-trace',
  },
  {
    class: 'usercopy',
    line: /^usercopy: (Kernel memory \w+ attempt detected)/,
    title: firstGroup,
    until: 'end-trace',
  },
  {
    class: 'lockdep',
    line: re(`^WARNING: (${LOCKDEP.join('|')})!?$`),
    title: ({ group, at }) => inFunction(group(1).replace(/ detected$/, ''), at),
    until: 'trace',
  },
  {
    class: 'lockdep',
    line: /^WARNING: .+\/\d+ still has locks held!$/,
    title: says('task still has locks held'),
    until: 'trace',
  },
  { class: 'lockdep', line: /^\[ BUG: Invalid wait context \]$/, title: says('invalid wait context'), until: 'trace' },
  {
    class: 'lockdep',
    line: /^INFO: trying to register non-static key\.$/,
    title: says('non-static lock key'),
    until: 'trace',
  },
  {
    class: 'atomic-sleep',
    line: /^BUG: (sleeping function called from invalid context|assuming (?:atomic|non migratable) context) at (\S+?)(?::\d+)?$/,
    title: ({ group, at }) => (at === '' ? `${group(1)} at ${group(2)}` : `${group(1)} in ${at}`),
    until: 'trace',
  },
  {
    class: 'atomic-sleep',
    line: /^BUG: (scheduling while atomic|scheduling in a non-blocking section):/,
    title: firstGroup,
    until: 'trace',
  },
  {
    class: 'lockup',
    line: /^(?:watchdog: )?BUG: soft lockup - CPU#\d+ stuck/,
    title: says('soft lockup'),
    until: 'trace',
    goesOn: OTHER_STACKS,
  },
  {
    class: 'lockup',
    line: /^(?:NMI watchdog: |watchdog: )?(?:CPU\d+: )?Watchdog detected hard LOCKUP/,
    title: says('hard lockup'),
    until: 'trace',
    goesOn: OTHER_STACKS,
  },
  {
    class: 'lockup',
    line: /^BUG: workqueue lockup/,
    title: () => 'workqueue lockup',
    until: 'trace',
    stack: 'maybe',
    goesOn: OTHER_STACKS,
  },
  {
    class: 'hung-task',
    line: /^INFO: task (.+):\d+ blocked (?:in I\/O wait )?for more than \d+ seconds/,
    title: ({ group, at }) => (at === '' ? `task ${group(1)} hung` : `task hung in ${at}`),
    until: 'trace',
    goesOn: OTHER_STACKS,
  },
  {
    class: 'rcu-stall',
    line: /^(?:rcu: )?INFO: \w+ (?:self-)?detected (?:expedited )?stalls?\b/,
    // Which flavour of RCU it is hangs on the config.
    title: says('RCU stall'),
    until: 'trace',
    stack: 'maybe',
    goesOn: OTHER_STACKS,
  },
  {
    class: 'page-state',
    line: /^BUG: (Bad page state|Bad page map|Bad page cache) in process/,
    title: firstGroup,
    until: 'trace',
  },
  {
    class: 'page-state',
    line: /^BUG: (Bad rss-counter state|non-zero pgtables_bytes)/,
    title: ({ group }) => group(1),
    until: 'line',
  },
  {
    class: 'page-state',
    line: /^kernel BUG at \S*mm\/page_table_check\.c:/,
    title: says('page table check'),
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'stack',
    line: /^BUG: (?:IRQ|TASK|[\w#]+) stack guard page was hit|^Insufficient stack space to handle exception/,
    title: says('kernel stack overflow'),
    until: 'end-trace',
  },
  {
    class: 'stack',
    line: re(`^Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: (?:${SYMBOL})?`),
    title: ({ group }) => inFunction('kernel stack corrupted', group(1)),
    until: 'end-trace',
  },
  {
    class: 'oops',
    // What KASAN knows about an address that no access can have.
    line: /^KASAN: (null-ptr-deref|maybe wild-memory-access|probably user-memory-access|out-of-bounds) in range/,
    title: ({ group, at }) => inFunction(group(1), at),
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'oops',
    line: /^(?:BUG: )?[Uu]nable to handle (?:kernel )?(NULL pointer dereference|paging request|page fault|\w[\w -]*?)(?: for| at)? (?:virtual )?address/,
    title: ({ group, at }) => inFunction(group(1).replace('page fault', 'paging request'), at),
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^BUG: kernel (NULL pointer dereference), address:/,
    title: firstGroup,
    until: 'end-trace',
  },
  { class: 'bug', line: /^kernel BUG at /, title: says('kernel BUG'), until: 'end-trace', joins: true },
  {
    class: 'oops',
    line: /^(?:traps: )?PANIC: (double fault)/,
    title: firstGroup,
    until: 'end-trace',
  },
  {
    class: 'oops',
    line: /^(?:Oops: )?(general protection fault)/,
    title: firstGroup,
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'oops',
    // Before 6.9 without the first word.
    line: /^(?:Oops: )?([a-z][\w -]*?)(?:, [^:]*)?: [\da-f]{4} \[#\d+\]/,
    title: firstGroup,
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'oops',
    line: /^(?:Internal error: )?Oops(?: - ([\w ()]+?))?(?::| \[)/,
    title: ({ group, at }) => inFunction(group(1) === '' ? 'Oops' : group(1), at),
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'oops',
    line: /^Internal error: ([\w ,()-]+?):/,
    title: firstGroup,
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'oops',
    line: /^SError Interrupt on CPU\d+, code /,
    title: says('SError interrupt'),
    until: 'end-trace',
    stack: 'maybe',
  },
  {
    class: 'panic',
    line: /^Kernel panic - not syncing: (.+?)(?:\s*\.\.\.)?$/,
    title: ({ group }) => `panic: ${group(1)}`,
    until: 'end-trace',
    stack: 'maybe',
  },
  {
    class: 'oom',
    line: /^(?:Memory cgroup out of memory|Out of memory)(?: \([^)]*\))?: Kill(?:ed)? process \d+ \(([^)]*)\)/,
    title: ({ group }) => `out of memory, killed ${group(1)}`,
    until: 'line',
  },
  {
    class: 'oom',
    line: /^(.+) invoked oom-killer: /,
    title: ({ group, find }) => {
      const killed = find(/(?:out|Out) of memory(?: \([^)]*\))?: Killed process \d+ \(([^)]*)\)/)?.[1];
      return killed === undefined ? `out of memory, by ${group(1)}` : `out of memory, killed ${killed}`;
    },
    until: 'trace',
    stack: 'maybe',
    goesOn: /^Mem-Info:|^Tasks state|^oom-kill:|^(?:Memory cgroup o|O)ut of memory/,
  },
  {
    class: 'leak',
    line: /^(?:kmemleak: )?unreferenced object(?: \(\w+\)| \w+)? 0x[\da-f]+ \(size \d+\):/,
    title: says('memory leak'),
    until: 'trace',
  },
  {
    class: 'leak',
    line: /^kmemleak: \d+ new suspected memory leaks/,
    title: () => 'suspected memory leak',
    until: 'line',
  },
  {
    class: 'warning',
    // Since 6.18 `WARNING: file:line at func+0x1/0x2, CPU#0: comm/pid`; before, `WARNING: CPU: 0 PID: 1 at file:line func+…`.
    line: re(`^WARNING: (?:CPU: \\d+ PID: \\d+ at )?(\\S+?:\\d+)? ?(?:at )?(?:${SYMBOL}|0x[\\da-f]+)`),
    title: ({ group, at }) => {
      const name = at === '' ? group(2) : at;
      return name === '' ? `WARNING at ${group(1)}` : `WARNING in ${name}`;
    },
    until: 'end-trace',
    joins: true,
  },
  {
    class: 'bug',
    // The slab allocator's own: `BUG kmalloc-64 (Tainted: …): Object already free`.
    line: /^BUG \S+ \([^)]*\): ([A-Z][\w ]*\w)/,
    title: ({ group, at }) => inFunction(`slab: ${group(1)}`, at),
    until: 'trace',
  },
  // Whatever else says so. Drivers warn in words that are no fault: only a stack makes one of them.
  {
    class: 'warning',
    line: /^WARNING: (.+)$/,
    title: ({ group }) => `WARNING: ${group(1)}`,
    until: 'trace',
    stack: 'must',
  },
  { class: 'bug', line: /^BUG: (.+)$/, title: ({ group }) => `BUG: ${group(1)}`, until: 'trace', stack: 'maybe' },
]);

/** Every line that some detector takes holds one of these; most of a console does not. */
export const NEEDLES = [
  'cut here ]',
  'WARNING: ',
  'BUG: ',
  'BUG ',
  'Oops',
  ' [#',
  'nable to handle ',
  'general protection',
  'Internal error',
  'SAN: ',
  'refcount_t: ',
  'list_add ',
  'list_del ',
  'usercopy: ',
  'INFO: ',
  'LOCKUP',
  'Kernel panic',
  'ut of memory',
  'oom-killer',
  'kmemleak: ',
  'unreferenced object',
  'Insufficient stack',
  'SError Interrupt',
  'double fault',
  '[ end trace',
  'Linux version ',
] as const;

/** What ends a kernel, or begins one. */
export const FATAL_NEEDLES = ['Kernel panic', ' [#', 'BUG: KASAN: ', 'Linux version '] as const;

/** Panics that say what came before, rather than being news of their own. */
export const CONSEQUENT_PANIC =
  /Fatal exception|panic_on_|kasan\.fault|hung[ _]task|RCU Stall|LOCKUP|softlockup|stack guard|kernel stack overflow|Machine halted|SError|Attempted to kill|Aiee|Oops/i;
