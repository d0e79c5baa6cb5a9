/** What is kept of a cell that is not a plain pass: everything that a person needs to believe it, and to repeat it. */
import type { Cell, Event, Fault } from '../core/events.ts';
import { quoteCommand } from '../core/exec.ts';
import { faultPlace, stackLines } from '../report/lines/fault.ts';
import { traceLines } from '../report/html/shared/trace.ts';
import type { RunStore } from '../results/store.ts';

const PLAIN: readonly Cell['outcome'][] = ['pass', 'not-applicable', 'known'];

/** What the run of a cell that is shown leaves beside its verdict. */
export interface Found {
  /** The kernel's lines that belong to it. */
  readonly slice: readonly string[];
  /** The probe's own words. */
  readonly said: readonly string[];
  /** What else was found, by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** The number of its guest; null where it had none. */
  readonly guest: number | null;
}

export const NOTHING_FOUND: Found = { slice: [], said: [], files: new Map(), guest: null };

/** What was vetted, in what. */
export interface Identity {
  readonly kernel: Extract<Event, { kind: 'kernel' }>['kernel'] | null;
  readonly build: Extract<Event, { kind: 'build' }>['build'] | null;
  readonly guest: Extract<Event, { kind: 'guest' }> | null;
}

/** Of one target, out of the events so far. */
export function identityOf(events: readonly Event[], target: string, guest: number | null): Identity {
  const find = <K extends Event['kind']>(kind: K, of: (event: Extract<Event, { kind: K }>) => boolean) =>
    events.findLast((event): event is Extract<Event, { kind: K }> => event.kind === kind && of(event as never)) ?? null;
  return {
    kernel: find('kernel', () => true)?.kernel ?? null,
    build: find('build', ({ build }) => build.target === target)?.build ?? null,
    guest: find('guest', (event) => event.target === target && event.guest === guest),
  };
}

/** @returns the folder below the run folder, null for a cell that needs none */
export function keepEvidence(
  store: Pick<RunStore, 'writeText'>,
  cell: Cell,
  found: Found,
  identity: Identity,
  repeat: string,
): string | null {
  if (PLAIN.includes(cell.outcome)) return null;
  const folder = `${cell.target}/${cell.clause}-${cell.path}`;
  const facts = (name: 'driver' | 'user'): string[] =>
    cell.observers[name].map((fact) => `${name.padEnd(6)} ${fact.ok ? 'ok ' : 'bad'} ${fact.text}`);
  store.writeText(
    `${folder}/verdict.txt`,
    [`${cell.outcome}: ${cell.reason}`, '', ...facts('driver'), ...facts('user'), '', `repeat: ${repeat}`, ''].join(
      '\n',
    ),
  );
  store.writeText(`${folder}/identity.json`, `${JSON.stringify(shownIdentity(identity), null, 2)}\n`);
  const texts: readonly (readonly [string, readonly string[]])[] = [
    ['qemu.txt', identity.guest === null ? [] : [quoteCommand(identity.guest.command)]],
    ['trace.txt', traceLines(cell.log)],
    ['driver.log', cell.log],
    ['probe.txt', found.said],
    ['console.log', found.slice],
    ...[...found.files].map(([name, text]) => [name, [text]] as const),
  ];
  for (const [name, lines] of texts)
    if (lines.length > 0) store.writeText(`${folder}/${name}`, `${lines.join('\n')}\n`);
  keepFaults(store, folder, cell.faults);
  return folder;
}

/** The image is named by its key, which is its folder in the store; the config lies in the target's folder. */
function shownIdentity({ kernel, build, guest }: Identity): unknown {
  const initrd = guest?.command[guest.command.indexOf('-initrd') + 1];
  return {
    kernel,
    build: build === null ? null : { ...build, config: '../kernel.config' },
    image: initrd?.split('/').at(-2) ?? null,
    guest:
      guest === null ? null : { number: guest.guest, origin: guest.origin, accel: guest.accel, console: guest.console },
  };
}

/** One file a fault: what it is, its whole stack with file and line where known, the kernel's own words. */
export function keepFaults(store: Pick<RunStore, 'writeText'>, folder: string, faults: readonly Fault[]): void {
  for (const [index, fault] of faults.entries()) {
    const head = [`${fault.class}: ${fault.title}`, faultPlace(fault), `fingerprint ${fault.fingerprint ?? 'unknown'}`];
    const parts = [head.filter((line) => line !== ''), stackLines(fault), fault.lines];
    const text = parts
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n');
    store.writeText(`${folder}/fault-${index + 1}.txt`, `${text}\n`);
  }
}
