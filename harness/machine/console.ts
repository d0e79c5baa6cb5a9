/**
 * A guest's console as lines: keeps the last ones at hand and hands each on as it comes. Everything is bounded: a guest can
 * flood.
 */
const MAX_LINE = 16 * 1024;
const MAX_KEPT = 20_000;
/** UTF-16 units of all kept lines. */
const MAX_CHARS = 16 * 1024 * 1024;

export type LineListener = (line: string) => void;

export class ConsoleLines {
  #rest = '';
  readonly #kept: string[] = [];
  readonly #listeners = new Set<LineListener>();
  #chars = 0;
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
    this.#chars += line.length;
    if (this.#kept.length > 2 * MAX_KEPT || this.#chars > 2 * MAX_CHARS) this.#forget();
    for (const listener of this.#listeners) listener(line);
  }

  /** Drops the older half, of lines or of characters. */
  #forget(): void {
    let drop = 0;
    let chars = this.#chars;
    while (this.#kept.length - drop > MAX_KEPT || chars > MAX_CHARS) {
      chars -= this.#kept[drop]?.length ?? 0;
      drop += 1;
    }
    this.#kept.splice(0, drop);
    this.#chars = chars;
  }

  /** All kept lines, oldest first, the unfinished one last. */
  lines(): readonly string[] {
    return this.#rest === '' ? this.#kept : [...this.#kept, this.#rest];
  }

  /** Those that are kept after the first `total` ones. */
  linesAfter(total: number): readonly string[] {
    return this.#kept.slice(Math.max(0, this.#kept.length - (this.total - total)));
  }

  /** Those of the first `total` lines that are kept. */
  linesUpTo(total: number): readonly string[] {
    return this.#kept.slice(0, Math.max(0, this.#kept.length - (this.total - total)));
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
