/** What a guest is told over SSH: to load the driver, run the probes and unload it. Pure. */
import type { CellId } from '../core/events.ts';
import { SAY_KERNEL_MEMORY } from '../probe/kernel-memory.ts';
import type { OwnBinary } from './own-probe.ts';

/** Where guest/rootfs puts module and probes. */
const FOLDER = '/mmapvet';
/** Init has loaded it, if it loads. */
export const LOAD_DRIVER = `{ test -d /sys/module/mmapvet || insmod ${FOLDER}/mmapvet.ko; }`;
export const PROBES = `${FOLDER}/mmapvet-probes`;
/** Where a binary of the user's own goes. */
export const OWN = `${FOLDER}/own`;

/** The command that runs probes. */
function probesOf(own: OwnBinary | null): string {
  switch (own?.kind) {
    case undefined:
      return PROBES;
    case 'probe':
      return OWN;
    case 'program':
      return `${PROBES} --program ${OWN}`;
  }
}

/** What the guest says on its console when all is done. */
export const END_MARK = 'mmapvet: session end';

/** Where the probes leave their counters. */
export const COUNTERS = '/tmp/mmapvet-coverage';

/** How the guest's script says that the driver did not load, or not unload; the probes' own codes are small. */
export const NOT_LOADED = 101;
export const NOT_UNLOADED = 102;

const LOAD = (lie: number): string =>
  `${LOAD_DRIVER} || exit ${NOT_LOADED}${lie === 0 ? '' : `; echo ${lie} > /sys/module/mmapvet/parameters/lie`}`;
/**
 * Waiting for RCU is most of what rmmod does; nothing is vetted after it. That it fails is no news where the probes broke
 * before: what is left of them may still hold the driver.
 */
const UNLOAD = `${SAY_KERNEL_MEMORY}; echo 1 > /sys/kernel/rcu_expedited; rmmod mmapvet || test $code -gt 4 || code=${NOT_UNLOADED}; echo "${END_MARK}" > /dev/kmsg; exit $code`;

export interface SessionWords {
  readonly cells: readonly CellId[];
  readonly own: OwnBinary | null;
  /** Time limit of one probe in the guest. */
  readonly seconds: number;
  readonly seed: number | null;
  readonly lie: number;
  /** The probes are to leave their counters. */
  readonly coverage: boolean;
  /** The driver stays loaded. */
  readonly keep: boolean;
}

/** One command: each costs a channel, a shell and half a dozen round trips with an emulated machine. */
export function sessionCommand({ cells, own, seconds, seed, lie, coverage, keep }: SessionWords): string {
  const options = [
    `--timeout ${seconds}`,
    ...(seed === null ? [] : [`--seed ${seed}`]),
    ...(coverage ? [`--coverage ${COUNTERS}`] : []),
    ...cells.map((cell) => `${cell.clause}.${cell.path}`),
  ];
  const probes = `${probesOf(own)} ${options.join(' ')}; code=$?`;
  return [LOAD(lie), probes, keep ? 'exit $code' : UNLOAD].join('; ');
}

/** Of a guest that was kept. */
export const unloadCommand = (): string => `code=0; ${UNLOAD}`;
