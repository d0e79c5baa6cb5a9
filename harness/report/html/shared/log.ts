/** The driver's event log as data: one `key=value …` line an event (docs/probe-output.md). */
export interface LogEvent {
  /** Place in the log, from 0: the log has no clock, its order is its time. */
  readonly at: number;
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly pgoff: number;
  readonly tid: string;
  /** What the hook returned: 0 or a negative errno. */
  readonly ret: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly line: string;
}

const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  4: 'EINTR',
  5: 'EIO',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  22: 'EINVAL',
  28: 'ENOSPC',
  95: 'EOPNOTSUPP',
};

/** Lines that are no event (cut, foreign) still take their place, so that nothing looks as if it had not been. */
export function parseLog(lines: readonly string[]): LogEvent[] {
  return lines.map((line, at) => {
    const fields = new Map(
      line
        .split(' ')
        .filter((word) => word.includes('='))
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const),
    );
    const number = (name: string): number => {
      const value = Number(fields.get(name) ?? 0);
      return Number.isFinite(value) ? value : 0;
    };
    return {
      at,
      type: fields.get('type') ?? '?',
      start: number('start'),
      end: number('end'),
      pgoff: number('pgoff'),
      tid: fields.get('tid') ?? '',
      ret: number('ret'),
      fields,
      line,
    };
  });
}

export const hasRange = (event: LogEvent): boolean => event.end > event.start && event.start > 0;

/** `EPERM`; the number where it has no name. Some hooks return values that are no error. */
export const returned = (ret: number): string => ERRNO[-ret] ?? String(ret);
