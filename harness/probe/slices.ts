/** Which console lines came during which cell: the driver and the probes mark where each begins and ends. */
export interface ConsoleSlices {
  /** The lines between `mmapvet: begin CELL` and `mmapvet: end CELL`, both left out. */
  readonly cells: ReadonlyMap<string, readonly string[]>;
  /** Booting, loading and unloading the driver, between two cells. */
  readonly outside: readonly string[];
  /** The cell that began and did not end. */
  readonly open: string | null;
}

// A serial console may print a character twice (seen with two processors): so the marks are looked for with all
// repetitions collapsed, in the line as in the name.
const MARK = /mapvet: (begin|end) ([A-Z]\d{1,2}\.(?:direct|W[1-5]|user)|[a-z][\w-]*\.[\w-]+)\s*$/;
const CELL_IDS = /^[A-Z]\d{2}\./;

/** Names of programs stay so: of these nobody can tell which letters were double. */
export const collapse = (text: string): string => text.replaceAll(/(.)\1+/g, '$1');

/** `A1.direct` is what a collapsed `A11.direct` reads; no clause has one digit. */
const expand = (cell: string): string => (CELL_IDS.test(cell) ? cell : cell.replace(/^(.)(\d)/, '$1$2$2'));

/** Sorts console lines by the cell during which they came. A cell that ran several times gets all its lines. */
export function sliceByCell(consoleLines: Iterable<string>): ConsoleSlices {
  const cells = new Map<string, string[]>();
  const outside: string[] = [];
  let open: string | null = null;
  for (const line of consoleLines) {
    const mark = line.includes('pvet') ? MARK.exec(collapse(line)) : null;
    if (mark === null) {
      (open === null ? outside : (cells.get(open) ?? outside)).push(line);
      continue;
    }
    const cell = expand(mark[2] ?? '');
    if (mark[1] === 'end') open = open === cell ? null : open;
    else {
      open = cell;
      if (!cells.has(cell)) cells.set(cell, []);
    }
  }
  return { cells, outside, open };
}
