/** Config fragments: lines such as `CONFIG_X=y` and `# CONFIG_X is not set`, each under a comment that says why. All pure. */

export interface ConfigLine {
  /** Without `CONFIG_`. */
  readonly symbol: string;
  /** `n` for "is not set". */
  readonly value: string;
  /** The comment above it. */
  readonly why: string;
  /** Named in messages: a fragment, or the option that it came by. */
  readonly from: string;
}

export function parseFragment(text: string, from: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  let why: string[] = [];
  let used = false;
  for (const line of text.split('\n')) {
    const option = parseConfigLine(line);
    if (option !== null) {
      lines.push({ ...option, why: why.join(' '), from });
      used = true;
    } else if (line.startsWith('#')) {
      why = [...(used ? [] : why), line.replace(/^#\s*/, '')];
      used = false;
    } else if (line.trim() === '') why = [];
  }
  return lines;
}

function parseConfigLine(line: string): { symbol: string; value: string } | null {
  const unset = /^# CONFIG_(\w+) is not set$/.exec(line);
  if (unset !== null) return { symbol: unset[1]!, value: 'n' };
  const set = /^CONFIG_(\w+)=(.*)$/.exec(line);
  return set === null ? null : { symbol: set[1]!, value: set[2]!.trim() };
}

/** Values of a `.config`, by symbol; what is not set is not there. */
export function parseConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const option = parseConfigLine(line);
    if (option !== null && option.value !== 'n') values.set(option.symbol, option.value);
  }
  return values;
}

/** Of several lines for one symbol the last counts. */
export function lastOfEach(lines: readonly ConfigLine[]): ConfigLine[] {
  return [...new Map(lines.map((line) => [line.symbol, line])).values()];
}

/** Requested lines that a final `.config` does not honour. */
export function findLost(wanted: readonly ConfigLine[], config: ReadonlyMap<string, string>): ConfigLine[] {
  return lastOfEach(wanted).filter((line) => (config.get(line.symbol) ?? 'n') !== line.value);
}

export const showLine = ({ symbol, value }: Pick<ConfigLine, 'symbol' | 'value'>): string =>
  value === 'n' ? `# CONFIG_${symbol} is not set` : `CONFIG_${symbol}=${value}`;
