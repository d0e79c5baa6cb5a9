/**
 * Where the guests of one target come from. The first boot is saved; every later guest starts from the file, in this run
 * and in later ones. A guest that is asked to be booted is, and so is every guest where no snapshot can be had.
 */
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { inStage } from '../kernel/stage.ts';
import { Guest, type BootLimits } from '../machine/guest.ts';
import type { GuestRequest, GuestStart } from '../machine/start.ts';
import { bootGuest, isHostTrouble, whyNotReady } from '../machine/boot.ts';
import { dropSnapshot, snapshotKey, takeSnapshot, type Snapshot } from '../machine/snapshot.ts';
import { findSplats } from '../probe/splat.ts';
import type { GuestKind } from './batches.ts';
import type { Pace } from './pace.ts';

export interface GuestsRequest {
  readonly target: string;
  readonly guest: Omit<GuestRequest, 'consoleFile'>;
  /** Content keys of kernel and initrd. */
  readonly contents: readonly string[];
  /** Where the console of the n-th guest goes; 0 is the boot that was saved. */
  readonly consoleFile: (guest: number) => string;
  /** What time limits are stretched by. */
  readonly pace: Pace;
  /** A guest that says nothing for so long while it boots is stuck, in ms. */
  readonly silenceMs: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly onGuest?: GuestHook;
  /** Numbers that others of the target's guests have: they begin after it. */
  readonly after?: number;
}

/** Called with the n-th guest of a target, counted from 1, before anything of the run reaches it: for the self-test. */
export type GuestHook = (guest: Guest, number: number) => Promise<void>;

/** What the boot that all guests come from left behind. */
export interface SavedBoot {
  /** Why no guest can be had; null for a kernel that boots. */
  readonly error: MmapvetError | null;
  readonly lines: readonly string[];
}

/** An `emit` that says of stages which guest they are of. */
export const ofGuest =
  (emit: Emit, guest: number): Emit =>
  (event) =>
    emit(event.kind === 'stage-start' || event.kind === 'stage-end' ? { ...event, guest } : event);

/** A restored guest is ready in a quarter of a second on the reference host. */
const RESTORE_MS = 10_000;

/** A busy host makes one guest late; a snapshot that is no good does it each time. */
const isLate = (error: unknown): boolean =>
  error instanceof MmapvetError && ['GUEST_NOT_READY', 'GUEST_SILENT', 'QEMU_HANGS'].includes(error.code);

export class Guests {
  readonly #request: GuestsRequest;
  #snapshot: Snapshot | null = null;
  /** A guest that was restored from it was late. */
  #late = false;
  /** This kernel has booted. */
  #cameUp = false;
  #key = '';
  #count = 0;

  constructor(request: GuestsRequest) {
    this.#request = request;
    this.#count = request.after ?? 0;
  }

  /** Makes sure that there is a snapshot, or that there can be none. Call it once, before `open`. */
  async prepare(): Promise<SavedBoot> {
    const { target, guest, contents, consoleFile, pace, emit, signal } = this.#request;
    this.#key = await snapshotKey(guest, contents);
    let boot: SavedBoot = { error: null, lines: [] };
    await inStage('boot', target, '', { emit }, async () => {
      const result = await takeSnapshot(
        this.#key,
        { ...guest, consoleFile: consoleFile(0) },
        this.#bootLimits(),
        signal,
        this.#lost,
      );
      switch (result.kind) {
        case 'saved':
          if (result.bootMs !== null) pace.measured(result.bootMs, this.#reference.boot);
          this.#snapshot = result.snapshot;
          this.#cameUp = true;
          boot = { error: null, lines: result.snapshot.bootLines };
          return { value: null, reused: result.bootMs === null };
        case 'not-saved':
          this.#note('SNAPSHOT_UNSAVED', `No guest can be saved, so each is booted: ${messageOf(result.error)}`);
          return { value: null };
        case 'no-boot':
          boot = result;
          throw result.error;
      }
    }).catch((error: unknown) => {
      if (boot.error === null) throw error;
    });
    return boot;
  }

  /** The number of the guest that `open` gives next. */
  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** A guest that is ready, or says in `whenReady` why it is not. @throws MmapvetError as Guest.start */
  async open(number: number, kind: GuestKind): Promise<Guest> {
    const { target, guest, consoleFile, emit, onGuest } = this.#request;
    const request = { ...guest, consoleFile: consoleFile(number) };
    const restored = kind === 'booted' ? null : await this.#restore(request, number);
    await using cleanup = new AsyncDisposableStack();
    const opened = cleanup.use(restored ?? (await this.#boot(request, number)));
    emit({
      kind: 'guest',
      target,
      guest: number,
      origin: restored === null ? 'booted' : 'restored',
      accel: guest.accel,
      command: [...opened.command],
      console: request.consoleFile,
    });
    await onGuest?.(opened, number);
    cleanup.move();
    return opened;
  }

  /** A kernel that has come up before, and says nothing wrong when it does not, gets another try. */
  async #boot(request: GuestRequest, number: number): Promise<Guest> {
    const guest = await this.#bootOnce(request, number);
    const error = await whyNotReady(guest.whenReady);
    this.#request.signal.throwIfAborted();
    if (error === null) this.#cameUp = true;
    if (error === null || !this.#cameUp || findSplats(guest.console.lines()).length > 0) return guest;
    this.#lost(error);
    await guest[Symbol.asyncDispose]();
    return this.#bootOnce(request, number);
  }

  async #bootOnce(request: GuestRequest, number: number): Promise<Guest> {
    const { target, pace, emit, signal } = this.#request;
    const start = performance.now();
    let booted: Guest | null = null;
    try {
      return await inStage('boot', target, '', { emit: ofGuest(emit, number) }, async () => {
        booted = await bootGuest(request, this.#bootLimits(), signal, this.#lost);
        await booted.whenReady;
        pace.measured(performance.now() - start, this.#reference.boot);
        return { value: booted };
      });
    } catch (error) {
      if (booted === null) throw error;
      return booted;
    }
  }

  /** @returns null where no guest can be had from a snapshot: one that does not work is dropped */
  async #restore(request: GuestRequest, number: number): Promise<Guest | null> {
    const { target, pace, emit, signal } = this.#request;
    const snapshot = this.#snapshot;
    if (snapshot === null) return null;
    const start = performance.now();
    const totalMs = pace.stretch(RESTORE_MS);
    const how: GuestStart = { kind: 'restore', ram: snapshot.ram, state: snapshot.state };
    try {
      return await inStage('restore', target, '', { emit: ofGuest(emit, number) }, async () => {
        await using cleanup = new AsyncDisposableStack();
        const guest = cleanup.use(await Guest.start(request, how, { signal, limitMs: totalMs }));
        await guest.ready({ totalMs, silenceMs: totalMs }, signal);
        pace.measured(performance.now() - start, this.#reference.restore);
        cleanup.move();
        return { value: guest };
      });
    } catch (error) {
      signal.throwIfAborted();
      await this.#notRestored(error);
      return null;
    }
  }

  async #notRestored(error: unknown): Promise<void> {
    const late = isLate(error) && !this.#late;
    if (late || isHostTrouble(error)) {
      this.#late ||= late;
      this.#note('GUEST_LOST', `A saved guest could not be restored, so one is booted: ${messageOf(error)}`);
      return;
    }
    this.#snapshot = null;
    await dropSnapshot(this.#key);
    this.#note('SNAPSHOT_DROPPED', `A saved guest could not be restored, so guests are booted: ${messageOf(error)}`);
  }

  get #reference(): { readonly boot: number; readonly restore: number } {
    const { machine, accel } = this.#request.guest;
    return machine.referenceMs[accel];
  }

  #bootLimits(): BootLimits {
    return this.#request.pace.bootLimits(this.#reference.boot, this.#request.silenceMs);
  }

  readonly #lost = (error: unknown): void =>
    this.#note('GUEST_LOST', `A guest was lost while it booted, so another one is: ${messageOf(error)}`);

  #note(code: string, text: string): void {
    this.#request.emit({ kind: 'note', target: this.#request.target, level: 'warning', code, text });
  }
}
