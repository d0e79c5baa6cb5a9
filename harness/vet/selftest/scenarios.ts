/** The scenarios of `mmapvet selftest`, as data. `docs/selftest.md` is made from them. */
import { SABOTAGED, type Act, type Sabotage, type Scenario } from './scenario.ts';

const PARAMETER = '/sys/module/mmapvet/parameters/fault';
/** Lets a probe go on that the driver holds. */
const RELEASE = `echo none > ${PARAMETER}`;
const ONE = [SABOTAGED];

/** Acts while the driver holds the first probe. */
const whileHeld = (act: Act): Sabotage => ({ fault: 'endless', during: [{ on: 'begin', act }] });
const inGuest = (...lines: readonly string[]): Act => ({ kind: 'guest', script: lines.join('; ') });

/** Lets the probes end, and acts before the driver is unloaded. */
const afterProbes = (act: Act): Sabotage => ({
  probes: ['"$PROBES" "$@"', 'code=$?', 'sleep 100', 'exit $code'],
  during: [{ on: 'verdicts', act }],
});

/** Faults of the kernel that leave the guest alive, or take it with them. */
const KERNEL: readonly Scenario[] = [
  {
    name: 'oops',
    what: 'the driver writes through a null pointer',
    pace: 'quick',
    sabotage: { fault: 'oops' },
    expected: { outcome: 'fault', class: 'oops', function: 'mv_fault_oops', blame: 'kernel' },
  },
  {
    name: 'bug',
    what: 'the driver runs into BUG()',
    pace: 'quick',
    sabotage: { fault: 'bug' },
    expected: { outcome: 'fault', class: 'bug', function: 'mv_fault_bug', blame: 'kernel' },
  },
  {
    name: 'warning',
    what: 'the driver runs into WARN(); the probe goes on and says ok',
    pace: 'quick',
    sabotage: { fault: 'warn' },
    expected: { outcome: 'fault', class: 'warning', function: 'mv_fault_warn', blame: 'kernel' },
  },
  {
    name: 'refcount',
    what: 'a reference is taken of what has none',
    pace: 'quick',
    sabotage: { fault: 'refcount' },
    expected: { outcome: 'fault', class: 'refcount', function: 'mv_fault_refcount', blame: 'kernel' },
  },
  {
    name: 'list-corruption',
    what: 'an entry is taken off a list that does not lead to it',
    pace: 'quick',
    sabotage: { fault: 'list' },
    needs: ['DEBUG_LIST'],
    expected: { outcome: 'fault', class: 'list-corruption', function: 'mv_fault_list', blame: 'kernel' },
  },
  {
    name: 'atomic-sleep',
    what: 'the driver may sleep under a spinlock',
    pace: 'quick',
    sabotage: { fault: 'atomic-sleep' },
    needs: ['DEBUG_ATOMIC_SLEEP'],
    expected: { outcome: 'fault', class: 'atomic-sleep', function: 'mv_fault_atomic_sleep', blame: 'kernel' },
  },
  {
    name: 'lock-order',
    what: 'two locks are taken in both orders',
    pace: 'quick',
    sabotage: { fault: 'lock-order' },
    needs: ['PROVE_LOCKING'],
    expected: { outcome: 'fault', class: 'lockdep', function: 'mv_fault_lock_order', blame: 'kernel' },
  },
  {
    name: 'page-state',
    what: 'a page is freed while it is locked',
    pace: 'quick',
    sabotage: { fault: 'page' },
    needs: ['DEBUG_VM'],
    expected: { outcome: 'fault', class: 'page-state', function: 'mv_fault_page', blame: 'kernel' },
  },
  {
    name: 'use-after-free',
    what: 'the driver writes to memory that it has freed',
    pace: 'quick',
    sabotage: { fault: 'use-after-free' },
    needs: ['KASAN'],
    expected: { outcome: 'fault', class: 'kasan', function: 'mv_fault_use_after_free', blame: 'kernel' },
  },
  {
    name: 'leak',
    what: 'the driver forgets memory, and the probe of leaks looks for some',
    pace: 'timer',
    sabotage: { fault: 'leak' },
    cells: ['N06.direct'],
    needs: ['DEBUG_KMEMLEAK'],
    expected: { outcome: 'fail', class: null, blame: 'kernel', says: /of the driver or its users/ },
  },
  {
    name: 'stack-overflow',
    what: 'the driver recurses until its stack is used up',
    pace: 'quick',
    sabotage: { fault: 'stack-overflow' },
    needs: ['VMAP_STACK'],
    expected: { outcome: 'fault', class: 'stack', function: 'mv_fault_stack', blame: 'kernel' },
  },
  {
    name: 'out-of-memory',
    what: 'programs in the guest use up its memory',
    pace: 'quick',
    sabotage: whileHeld(
      inGuest(
        'size=$(awk \'/^MemAvailable/ { print int($2 * 0.7) "K" }\' /proc/meminfo)',
        'dd if=/dev/zero of=/dev/null bs=$size count=1 & dd if=/dev/zero of=/dev/null bs=$size count=1 & wait',
        RELEASE,
      ),
    ),
    probeSeconds: 120,
    expected: { outcome: 'fault', class: 'oom', blame: 'kernel' },
  },
  {
    name: 'panic',
    what: 'the kernel panics',
    pace: 'quick',
    sabotage: { fault: 'panic' },
    expected: { outcome: 'fault', class: 'panic', function: 'mv_fault_panic', blame: 'kernel' },
  },
  {
    name: 'sysrq-crash',
    what: 'the kernel is crashed by its magic key',
    pace: 'quick',
    sabotage: whileHeld(inGuest('echo c > /proc/sysrq-trigger')),
    needs: ['MAGIC_SYSRQ'],
    expected: { outcome: 'fault', class: 'panic', function: 'sysrq_handle_crash', blame: 'kernel' },
  },
  {
    name: 'panic-in-init',
    what: 'process 1 ends while the guest boots',
    pace: 'quick',
    sabotage: { kernelArgs: ['rdinit=/bin/false'] },
    cells: ONE,
    expected: { outcome: 'fault', class: 'panic', blame: 'kernel', says: /Attempted to kill init/ },
  },
  {
    name: 'reset',
    what: 'the kernel resets the machine without a word',
    pace: 'quick',
    sabotage: { fault: 'reset' },
    expected: { outcome: 'fault', class: 'reboot', blame: 'kernel', says: /reset itself/ },
  },
  {
    name: 'reset-at-end',
    what: 'the guest reboots when all probes have ended',
    pace: 'quick',
    sabotage: afterProbes(inGuest('reboot -f')),
    expected: { outcome: 'pass', class: 'reboot', blame: 'kernel', says: /reset itself/ },
  },
  {
    name: 'soft-lockup',
    what: 'a processor runs in the kernel and comes to no other task',
    pace: 'timer',
    sabotage: { before: ['echo 1 > /proc/sys/kernel/watchdog_thresh'], fault: 'soft-lockup' },
    cells: ONE,
    needs: ['SOFTLOCKUP_DETECTOR'],
    expected: {
      outcome: 'fault',
      class: 'lockup',
      function: 'mv_fault_soft_lockup',
      blame: 'kernel',
      says: /soft lockup/,
    },
  },
  {
    name: 'hard-lockup',
    what: 'a processor runs with its interrupts off',
    pace: 'timer',
    sabotage: {
      // A processor that keeps the time may not be the one that stops, the last: the first one is kept busy.
      before: [
        'echo 1 > /proc/sys/kernel/watchdog_thresh',
        'taskset 1 sh -c "while :; do :; done" < /dev/null > /dev/null 2>&1 &',
      ],
      fault: 'hard-lockup',
    },
    cells: ONE,
    // Its delay loop takes three times as long where the host is busy.
    probeSeconds: 90,
    needs: ['HARDLOCKUP_DETECTOR'],
    expected: { outcome: 'fault', class: 'lockup', blame: 'kernel', says: /hard lockup/ },
  },
  {
    name: 'dead-kernel',
    what: 'all processors run with their interrupts off, and nothing says so',
    pace: 'timer',
    sabotage: { fault: 'dead' },
    probeSeconds: 5,
    expected: {
      outcome: 'fault',
      class: 'lockup',
      blame: 'kernel',
      // A watchdog by NMI, which a host's own processor has, is quicker.
      says: /no processor takes interrupts|hard lockup/,
    },
  },
  {
    name: 'hung-task',
    what: 'a task sleeps and can not be woken',
    pace: 'timer',
    sabotage: {
      before: ['echo 2 > /proc/sys/kernel/hung_task_timeout_secs'],
      fault: 'hung-task',
      during: [{ on: /blocked for more than/, act: inGuest(RELEASE) }],
    },
    cells: ONE,
    probeSeconds: 60,
    needs: ['DETECT_HUNG_TASK'],
    expected: { outcome: 'fault', class: 'hung-task', function: 'mv_fault_hung_task', blame: 'kernel' },
  },
  {
    name: 'rcu-stall',
    what: 'a reader of RCU does not end',
    pace: 'timer',
    sabotage: {
      before: ['echo 3 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout'],
      fault: 'rcu-stall',
      during: [{ on: /rcu: INFO: .*stall/, act: inGuest(RELEASE) }],
    },
    cells: ONE,
    probeSeconds: 90,
    expected: { outcome: 'fault', class: 'rcu-stall', function: 'mv_fault_rcu_stall', blame: 'kernel' },
  },
];

/** What is no fault of the kernel, and must not be called one. */
const OURS: readonly Scenario[] = [
  {
    name: 'killed',
    what: 'QEMU is killed while a probe runs',
    pace: 'quick',
    sabotage: whileHeld({ kind: 'kill' }),
    expected: { outcome: 'error', class: null, blame: 'us', says: /SIGKILL/ },
  },
  {
    name: 'clean-exit',
    what: 'QEMU ends with code 0 before the driver is unloaded',
    pace: 'quick',
    sabotage: afterProbes({ kind: 'qmp', command: 'quit' }),
    expected: { outcome: 'pass', class: null, blame: 'us', says: /QEMU ended with code 0/ },
  },
  {
    name: 'no-end-marker',
    what: 'all is well, but the guest does not say that it came to its end',
    pace: 'quick',
    sabotage: { probes: ['"$PROBES" "$@"', 'code=$?', 'rm /dev/kmsg', 'exit $code'] },
    expected: { outcome: 'pass', class: null, blame: 'us', says: /never said that it came to its end/ },
  },
  {
    name: 'stopped',
    what: 'QEMU stops the guest, as it does for an error of its own',
    pace: 'quick',
    sabotage: whileHeld({ kind: 'qmp', command: 'stop' }),
    expected: { outcome: 'error', class: null, blame: 'us', says: /QEMU stopped the guest \(paused\)/ },
  },
  {
    name: 'ssh-killed',
    what: 'the SSH server is killed while a probe runs',
    pace: 'quick',
    sabotage: whileHeld(inGuest('killall -9 dropbear')),
    expected: { outcome: 'error', class: null, blame: 'us', says: /connection was lost/ },
  },
  {
    name: 'network-cut',
    what: "the guest's network card loses its link while a probe runs",
    pace: 'timer',
    sabotage: whileHeld({ kind: 'qmp', command: 'set_link', args: { name: 'net', up: false } }),
    expected: { outcome: 'error', class: null, blame: 'us', says: /connection was lost/ },
  },
  {
    name: 'probes-killed',
    what: 'the probes are killed',
    pace: 'quick',
    sabotage: whileHeld(inGuest('killall -9 true-probes')),
    expected: { outcome: 'error', class: null, blame: 'us', says: /ended with code 137/ },
  },
  {
    name: 'endless-probe',
    what: 'a probe does not end, and lets itself be killed',
    pace: 'timer',
    sabotage: { fault: 'endless' },
    probeSeconds: 5,
    expected: { outcome: 'error', class: null, blame: 'us', says: /no end after \d+ s/ },
  },
  {
    name: 'bad-driver',
    what: 'the driver is no module',
    pace: 'quick',
    sabotage: { before: ['rmmod mmapvet', 'echo nonsense > /mmapvet/mmapvet.ko'] },
    cells: ONE,
    expected: { outcome: 'error', class: null, blame: 'us', says: /driver did not load/ },
  },
  {
    name: 'lying-ktap',
    what: 'the probes say ok and nothing else',
    pace: 'quick',
    sabotage: { probes: [`printf 'KTAP version 1\\n1..1\\nok 1 ${SABOTAGED} all is well\\n'`] },
    cells: ONE,
    expected: { outcome: 'vacuous', class: null, blame: 'us', says: /passed without a fact/ },
  },
  {
    name: 'short-ktap',
    what: 'the probes plan a result and give none',
    pace: 'quick',
    sabotage: { probes: [`printf 'KTAP version 1\\n1..1\\n# begin ${SABOTAGED}\\n'`] },
    cells: ONE,
    expected: { outcome: 'error', class: null, blame: 'us', says: /without a result|cut off/ },
  },
];

/** What a run must take no notice of. */
const HARMLESS: readonly Scenario[] = [
  {
    name: 'output-flood',
    what: 'the probes print a megabyte of something else first',
    pace: 'quick',
    sabotage: { probes: ["yes 'ok this is no result' | head -c 1000000", '"$PROBES" "$@"'] },
    expected: { outcome: 'pass', class: null, blame: 'nobody' },
  },
  {
    name: 'log-flood',
    what: 'user space writes 200 KB to the kernel log while a probe runs',
    pace: 'quick',
    sabotage: whileHeld(
      inGuest(
        `line=$(printf '%0500d' 0); i=0; while [ $i -lt 400 ]; do echo "$line" > /dev/kmsg; i=$((i + 1)); done; ${RELEASE}`,
      ),
    ),
    expected: { outcome: 'pass', class: null, blame: 'nobody' },
  },
  {
    name: 'full-disk',
    what: "the guest's file system is full",
    pace: 'quick',
    sabotage: { before: ['! dd if=/dev/zero of=/fill bs=64K 2> /dev/null'] },
    expected: { outcome: 'pass', class: null, blame: 'nobody' },
  },
];

/** The first of all: nothing is done, nothing may be found. Kernels are built and booted for it. */
export const CONTROL: Scenario = {
  name: 'nothing',
  what: 'nothing is broken',
  pace: 'quick',
  sabotage: {},
  expected: { outcome: 'pass', class: null, blame: 'nobody' },
};

export const SCENARIOS: readonly Scenario[] = [CONTROL, ...KERNEL, ...OURS, ...HARMLESS];
