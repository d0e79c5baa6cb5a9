/** The run as it lies in the page: the index at once, the details when they are asked for. */
import type { CellRow, PageData, PageDetails } from '../shared/page-data.ts';

export interface PageCell {
  readonly index: number;
  readonly row: CellRow;
  readonly clause: string;
  readonly title: string;
  readonly path: string;
  readonly target: string;
  /** `none` where there is no verdict. */
  readonly outcome: string;
  readonly word: string;
  readonly sign: string;
  /** What the address bar shows. */
  readonly anchor: string;
  /** In lower case, for the search. */
  readonly words: string;
}

const NO_VERDICT = { name: 'none', word: 'not run', sign: ' ' };

export function readPage(): PageData {
  return JSON.parse(document.querySelector('#run')?.textContent ?? '{}') as PageData;
}

export function pageCells(data: PageData): PageCell[] {
  return data.cells.map((row, index) => {
    const clause = data.clauses[row[0]];
    const path = data.paths[row[1]] ?? '';
    const target = data.targets[row[2]] ?? '';
    const { name, word, sign } = data.outcomes[row[3]] ?? NO_VERDICT;
    const id = clause?.id ?? '';
    const title = clause?.title ?? '';
    return {
      index,
      row,
      clause: id,
      title,
      path,
      target,
      outcome: name,
      word,
      sign,
      anchor: `${id}-${path}-${target}`,
      words: [id, title, path, target, word, row[5], clause?.source ?? ''].join(' ').toLowerCase(),
    };
  });
}

let unpacked: Promise<PageDetails> | null = null;

/** Unpacked once, at the first cell that is opened. */
export function readDetails(): Promise<PageDetails> {
  unpacked ??= unpack(document.querySelector('#details')?.textContent ?? '');
  return unpacked;
}

async function unpack(text: string): Promise<PageDetails> {
  const bytes = Uint8Array.from(atob(text), (char) => char.codePointAt(0) ?? 0);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(stream).json()) as PageDetails;
}
