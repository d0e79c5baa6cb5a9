/**
 * The raw console on disk, as it comes. A guest can flood it, so the file has a cap; where it is cut it says so, and at the
 * end it gets the last lines. A disk that is full costs the rest of the file and nothing else.
 */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';

/** An ordinary console has 50 kB; one with lockdep reports has some hundred. */
export const CONSOLE_BYTES = 8 * 1024 * 1024;

/** Of the end of a console that was cut. */
const TAIL_BYTES = 256 * 1024;

export class ConsoleFile implements Disposable {
  readonly #cap: number;
  #fd: number | null;
  #written = 0;
  #dropped = 0;
  #tail: string = '';

  /** Goes on with a file that is there: the console of a guest that was lost stays. @param cap bytes */
  constructor(path: string, cap: number = CONSOLE_BYTES) {
    this.#cap = cap;
    this.#fd = openSync(path, 'a', 0o600);
    if (fstatSync(this.#fd).size > 0) this.#put(note('another guest begins here'));
  }

  /** @param chunk one byte a character */
  write(chunk: string): void {
    const room = Math.max(0, this.#cap - this.#written);
    if (room > 0) this.#put(chunk.slice(0, room));
    this.#written += chunk.length;
    if (chunk.length <= room) return;
    if (this.#dropped === 0) this.#put(note(`the console is cut here, after ${this.#cap} bytes`));
    this.#dropped += chunk.length - room;
    this.#tail = (this.#tail + chunk.slice(room)).slice(-TAIL_BYTES);
  }

  #put(text: string): void {
    if (this.#fd === null) return;
    try {
      writeSync(this.#fd, text, null, 'latin1');
    } catch {
      // A full disk: whatever else is written will say so.
      this.#close();
    }
  }

  #close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  [Symbol.dispose](): void {
    const lost = this.#dropped - this.#tail.length;
    if (this.#dropped > 0)
      this.#put(note(`${lost} bytes are left out; the last ${this.#tail.length} follow`) + this.#tail);
    this.#close();
  }
}

const note = (text: string): string => `\n[mmapvet: ${text}]\n`;
