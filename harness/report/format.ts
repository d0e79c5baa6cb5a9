/** Small things that several reporters write alike: times, widths, slugs, paths. */

/** `0.3 s`, `12 s`, `4 min 05 s`, `1 h 02 min`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad2(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad2(minutes % 60)} min`;
}

/** `1:02`, `1:00:05`: elapsed time that keeps running. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad2(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad2(minutes % 60)}:${pad2(seconds % 60)}`;
}

const pad2 = (value: number): string => String(value).padStart(2, '0');

/** `an-error-from-mapped`: a title as a name that Jenkins and GitLab leave alone. */
export function slug(title: string, limit = 60): string {
  const words = title.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  let text = '';
  for (const word of words) {
    const longer = text === '' ? word : `${text}-${word}`;
    if (longer.length > limit) break;
    text = longer;
  }
  return text;
}

/** `/home/me/x` as `~/x`. */
export function shortenHome(path: string, home: string): string {
  if (home === '' || home === '/') return path;
  if (path === home) return '~';
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

const ESCAPE = /\u001b\[[\d;]*m/;
// East Asian wide and emoji blocks: two columns on a terminal.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const MARK = /\p{M}|\p{Cf}/u;

function columnsOf(char: string): number {
  if (char < '\u0300') return 1;
  if (MARK.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Terminal columns that a styled text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const [index, part] of text.split(new RegExp(`(${ESCAPE.source})`)).entries())
    if (index % 2 === 0) for (const char of part) width += columnsOf(char);
  return width;
}

/** Cuts a styled text to so many columns; what is cut ends in `…`, and no style leaks out of it. */
export function cutToWidth(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let cut = '';
  let styled = false;
  for (const [index, part] of text.split(new RegExp(`(${ESCAPE.source})`)).entries()) {
    if (index % 2 === 1) {
      cut += part;
      styled = true;
      continue;
    }
    for (const char of part) {
      width += columnsOf(char);
      if (width > columns - 1) return `${cut}…${styled ? '\u001b[0m' : ''}`;
      cut += char;
    }
  }
  return cut;
}

/** Pads to so many columns, styles not counted. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}
