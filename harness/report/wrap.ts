/** Plain text in narrow columns, for mail and logs. */
import { widthOf } from './format.ts';

/**
 * Breaks at blanks; a word that is wider than a line is broken where the line ends. Later lines begin with `hang`.
 */
export function wrap(text: string, columns: number, first = '', hang: string = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const next = (): void => {
    lines.push(line.trimEnd());
    line = hang;
    empty = true;
  };
  /** Lines of it alone, up to what is left of it for one that others may share. */
  const breakUp = (word: string): string => {
    let rest = word;
    while (rest !== '' && widthOf(line + rest) > columns) {
      const fit = headOf(rest, columns - widthOf(line));
      line += fit;
      rest = rest.slice(fit.length);
      next();
    }
    return rest;
  };
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    let rest = word;
    if (!empty && widthOf(`${line} ${rest}`) > columns) next();
    if (empty) rest = breakUp(rest);
    if (rest === '') continue;
    line += empty ? rest : ` ${rest}`;
    empty = false;
  }
  if (!empty || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}

/** As many whole characters as fit, at least one. */
function headOf(word: string, columns: number): string {
  let head = '';
  for (const char of word) {
    if (head !== '' && widthOf(head + char) > columns) break;
    head += char;
  }
  return head;
}
