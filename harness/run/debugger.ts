/** What a user's gdb needs to look into an open guest. */
import type { Target } from '../core/arch.ts';
import { mend } from '../host/describe.ts';
import { findProgram } from '../host/find.ts';
import { findInstaller } from '../host/provision.ts';
import type { Requirement } from '../host/requirements.ts';
import { GDB, gdbLine, parseSections, SECTIONS_COMMAND } from '../machine/gdb.ts';
import { kvmCanServe } from '../machine/machine.ts';
import type { OpenGuest } from './open-guest.ts';

export interface Debugger {
  /** To be pasted into another terminal. */
  readonly line: string;
  /** What stands in its way. */
  readonly notes: readonly string[];
}

const REQUIREMENT: Requirement = {
  name: GDB,
  purpose: 'mmapvet shell --gdb',
  find: { kind: 'program', name: GDB },
  debian: [GDB],
  elsewhere: 'gdb for all targets',
};

export async function debuggerFor(open: OpenGuest, target: Target, signal: AbortSignal): Promise<Debugger> {
  const { guest, connection, build } = open;
  const said = await connection.exec({ command: SECTIONS_COMMAND, timeoutMs: 30_000, keep: 1 << 16, signal });
  const sections = parseSections(said.stdout);
  const found = await findGdb(target);
  const notes = [
    ...(sections.length > 0 ? [] : ['The guest does not say where the driver lies: its symbols are left out.']),
    ...(found === null
      ? [`"${GDB}" is not installed. ${mend([{ kind: 'missing', requirement: REQUIREMENT }], await findInstaller())}`]
      : []),
  ];
  const { vmlinux, module } = build;
  return { line: gdbLine({ program: found ?? GDB, vmlinux, module, sections, socket: guest.gdbSocket }), notes };
}

/** Debian's plain gdb knows the host's own architecture, that of other distributions may know all. */
async function findGdb(target: Target): Promise<string | null> {
  if ((await findProgram(GDB)) !== null) return GDB;
  const plain = kvmCanServe(target.arch) || (await findInstaller()).kind !== 'apt';
  return plain && (await findProgram('gdb')) !== null ? 'gdb' : null;
}
