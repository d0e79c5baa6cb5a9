/** Where an ELF file has its functions: `objdump -t`, which tells a section's name and works for any architecture. */
import type { Frame } from '../core/events.ts';

export interface ElfSymbol {
  readonly address: bigint;
  readonly section: string;
  /** 0 for most of what is written in assembler. */
  readonly size: number;
}

export type SymbolTable = ReadonlyMap<string, readonly ElfSymbol[]>;

const LINE = /^([\da-f]{8,16}) .{7} (\.[^\t]*)\t([\da-f]+) +(?:\.hidden |\.internal |\.protected )?(\S+)$/;

export function parseSymbolTable(text: string): SymbolTable {
  const table = new Map<string, ElfSymbol[]>();
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    const name = match?.[4];
    if (match === null || name === undefined) continue;
    const symbol = {
      address: BigInt(`0x${match[1]}`),
      section: match[2] ?? '',
      size: Number.parseInt(match[3] ?? '0', 16),
    };
    const all = table.get(name);
    if (all === undefined) table.set(name, [symbol]);
    else all.push(symbol);
  }
  return table;
}

/**
 * The symbol that a frame means. Several static functions may have one name: the size tells which. The kernel counts
 * the padding up to the next symbol as well, so its size is no smaller; a smaller one is another build's.
 */
export function symbolOf(table: SymbolTable, frame: Frame): ElfSymbol | null {
  const { offset, size } = frame;
  if (offset === null || size === null || offset > size) return null;
  const fitting = (table.get(frame.function) ?? []).filter((symbol) => symbol.size <= size);
  return fitting.toSorted((a, b) => b.size - a.size)[0] ?? null;
}
