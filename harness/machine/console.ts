/**
 * A guest's console as lines. QEMU writes the raw bytes to the log file by itself, so that evidence does not depend on
 * us; this keeps the last lines at hand and hands each line on as it comes. Everything is bounded: a guest can flood.
 */
const MAX_LINE = 16 * 1024;
const MAX_KEPT = 20_000;

export type LineListener = (line: string) => void;

export class ConsoleLines {
  #rest = '';
  readonly #kept: string[] = [];
  readonly #listeners = new Set<LineListener>();
  /** Lines seen in all, kept or not. */
  total = 0;

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    while (this.#rest.length > MAX_LINE) {
      lines.push(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
    for (const line of lines) this.#add(line);
  }

  #add(raw: string): void {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    this.total += 1;
    this.#kept.push(line);
    if (this.#kept.length > 2 * MAX_KEPT) this.#kept.splice(0, MAX_KEPT);
    for (const listener of this.#listeners) listener(line);
  }

  /** All kept lines, oldest first, the unfinished one last. */
  lines(): readonly string[] {
    return this.#rest === '' ? this.#kept : [...this.#kept, this.#rest];
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
