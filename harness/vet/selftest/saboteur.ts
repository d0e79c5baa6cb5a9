/**
 * Breaks a guest behind the run's back: prepares it over SSH before the run reaches it, and acts on it from outside when
 * the console shows the moment. Whatever it can't do is an error of the self-test, never a verdict.
 */
import { messageOf, MmapvetError } from '../../core/errors.ts';
import type { Guest } from '../../machine/guest.ts';
import { sliceByCell } from '../../probe/slices.ts';
import { findSplats } from '../../probe/splat.ts';
import type { GuestHook } from '../../run/guests.ts';
import { PROBES } from '../../run/session-command.ts';
import { SshConnection } from '../../ssh/connection.ts';
import type { Act, Moment, Sabotage } from './scenario.ts';

/** Of what is done in the guest. */
const ACT_MS = 120_000;
const TRUE_PROBES = PROBES.replace(/[\w-]+$/, 'true-probes');

export interface Saboteur extends AsyncDisposable {
  readonly onGuest: GuestHook;
  /** To be told of each cell's verdict. */
  onVerdict(): void;
  /** When the console showed the fault's last head, in ms of performance.now(); null: it showed none. */
  readonly faultAt: number | null;
  /** What could not be done, as sentences. */
  readonly failures: readonly string[];
  /** The process ids of the guests' QEMU. */
  readonly pids: readonly number[];
}

/** @returns what makes a guest ready to be broken, as a shell script; empty where nothing is to be done in it */
export function preparation({ before = [], fault, probes }: Sabotage): string {
  if (before.length === 0 && fault === undefined && probes === undefined) return '';
  const wrapper = [
    '#!/bin/sh',
    `PROBES=${TRUE_PROBES}`,
    ...(fault === undefined ? [] : [`echo ${fault} > /sys/module/mmapvet/parameters/fault`]),
    ...(probes ?? ['exec "$PROBES" "$@"']),
  ];
  return [
    'set -e',
    ...(fault === undefined && probes === undefined
      ? []
      : [`mv ${PROBES} ${TRUE_PROBES}`, `cat > ${PROBES} <<'END'`, ...wrapper, 'END', `chmod 755 ${PROBES}`]),
    ...before,
  ].join('\n');
}

/** @param cells how many verdicts the run will give */
export function createSaboteur(sabotage: Sabotage, cells: number, signal: AbortSignal): Saboteur {
  const cleanup = new AsyncDisposableStack();
  const failures: string[] = [];
  const pids: number[] = [];
  let faultAt: number | null = null;

  async function act(what: Act, guest: Guest, connection: SshConnection): Promise<void> {
    switch (what.kind) {
      case 'guest': {
        // How it ends says nothing: most of these take the connection with them.
        await connection.exec({ command: what.script, timeoutMs: ACT_MS, signal });
        return;
      }
      case 'qmp':
        await guest.qmp(what.command, what.args);
        return;
      case 'kill':
        if (guest.pid !== undefined) process.kill(guest.pid, 'SIGKILL');
        return;
    }
  }

  let due: (isDue: (on: Moment) => boolean) => void = () => {};

  function watch(guest: Guest, connection: SshConnection): void {
    const waiting = [...(sabotage.during ?? [])];
    due = (isDue) => {
      const index = waiting.findIndex(({ on }) => isDue(on));
      const [next] = index < 0 ? [] : waiting.splice(index, 1);
      if (next === undefined) return;
      void act(next.act, guest, connection).catch((error: unknown) => {
        if (!signal.aborted && !isEnd(error)) failures.push(`"${next.act.kind}" failed: ${messageOf(error)}`);
      });
    };
    const off = guest.console.subscribe((line) => {
      if (findSplats([line]).length > 0) faultAt = performance.now();
      due((on) => isMoment(on, line));
    });
    cleanup.defer(off);
  }

  async function onGuest(guest: Guest, number: number): Promise<void> {
    if (guest.pid !== undefined) pids.push(guest.pid);
    if (number > 1) return;
    const script = preparation(sabotage);
    if (script === '' && sabotage.during === undefined) return;
    await guest.whenReady;
    const connection = cleanup.use(await SshConnection.connect(guest.takeSsh(), signal));
    const { end, stderr } = await connection.exec({ command: script, timeoutMs: ACT_MS, signal });
    if (end.kind !== 'exit' || end.code !== 0)
      throw new MmapvetError('SABOTAGE_FAILED', `The guest could not be prepared: ${stderr.trim() || end.kind}`);
    watch(guest, connection);
  }

  let verdicts = 0;
  return {
    onGuest,
    onVerdict() {
      verdicts += 1;
      if (verdicts === cells) due((on) => on === 'verdicts');
    },
    get faultAt() {
      return faultAt;
    },
    failures,
    pids,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** The answer to a QMP command that ends QEMU may be lost with it. */
const isEnd = (error: unknown): boolean => error instanceof MmapvetError && error.code === 'QMP_CLOSED';

function isMoment(on: Moment, line: string): boolean {
  if (on === 'begin') return sliceByCell([line]).open !== null;
  return on !== 'verdicts' && on.test(line);
}
