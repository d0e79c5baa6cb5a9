/** Guesses why Kconfig did not honour a line, by reading the definitions. A guess: kconfig's own logic is not repeated here. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../core/exec.ts';
import type { ConfigLine } from './fragments.ts';

/** One `config X` entry, as far as a guess needs it. */
export interface Definition {
  readonly file: string;
  /** Conditions of `depends on`, and of the menus, choices and `if` around it. */
  readonly conditions: readonly string[];
  /** It can be set by hand. */
  readonly prompt: boolean;
  /** One of a choice, of which another member won. */
  readonly choice: boolean;
}

interface Found {
  readonly file: string;
  readonly conditions: string[];
  prompt: boolean;
  readonly choice: boolean;
}

interface Block {
  readonly kind: 'menu' | 'choice' | 'if';
  readonly conditions: string[];
}

/** Words that begin something new at the left margin, and so end a help text. */
const STARTS = /^(?:config|menuconfig|choice|endchoice|menu|endmenu|if|endif|comment|source)\b/;

/** The entries of a symbol in one Kconfig file. */
export function findDefinitions(text: string, symbol: string, file: string): Definition[] {
  const found: Found[] = [];
  const around: Block[] = [];
  /** What a `depends on` line belongs to: the entry, a block that has just begun, or something that is of no interest. */
  let current: Found | Block | null = null;
  let entry: Found | null = null;
  let inHelp = false;
  const open = (block: Block): void => {
    around.push(block);
    current = block;
    entry = null;
  };
  for (const line of text.replaceAll(/[ \t]*\\\n\s*/g, ' ').split('\n')) {
    if (inHelp && !STARTS.test(line)) continue;
    inHelp = false;
    const [, word = '', rest = ''] = /^\s*(\w+)\b\s*(.*?)\s*$/.exec(line) ?? [];
    switch (word) {
      case 'config':
      case 'menuconfig':
        entry = null;
        if (rest === symbol) {
          const conditions = around.flatMap((block) => block.conditions);
          entry = { file, conditions, prompt: false, choice: around.some((block) => block.kind === 'choice') };
          found.push(entry);
        }
        current = entry;
        break;
      case 'if':
        open({ kind: 'if', conditions: [rest] });
        break;
      case 'menu':
      case 'choice':
        open({ kind: word, conditions: [] });
        break;
      case 'endif':
      case 'endmenu':
      case 'endchoice':
        around.pop();
        current = entry = null;
        break;
      case 'depends':
        (current as Found | Block | null)?.conditions.push(rest.replace(/^on\s+/, ''));
        break;
      case 'bool':
      case 'tristate':
      case 'int':
      case 'hex':
      case 'string':
      case 'prompt':
        readPrompt(entry, rest);
        break;
      case 'help':
        inHelp = true;
        break;
    }
  }
  return found;
}

/** `bool "text" if EXPERT`; a type without a text can't be set by hand. */
function readPrompt(entry: Found | null, rest: string): void {
  const match = /^["'].*["'](?:\s+if\s+(.*))?$/.exec(rest);
  if (entry === null || match === null) return;
  entry.prompt = true;
  if (match[1] !== undefined) entry.conditions.push(match[1]);
}

/** One sentence. */
export function explainLoss(
  line: ConfigLine,
  found: readonly Definition[],
  config: ReadonlyMap<string, string>,
): string {
  if (found.length === 0) return 'unknown symbol: no Kconfig file of this kernel defines it';
  const unmet = new Set<string>();
  for (const condition of found.flatMap((each) => each.conditions))
    for (const [, not, symbol = ''] of condition.matchAll(/(!?)\b([A-Z][A-Z0-9_]*)\b/g))
      if ((not === '!') === config.has(symbol)) unmet.add(`${not}${symbol}`);
  if (unmet.size > 0 && line.value !== 'n')
    return `depends on ${found.flatMap((each) => each.conditions).join(' && ')}; not met: ${[...unmet].join(', ')}`;
  if (found.some((each) => each.choice)) return 'one of a choice, and another member of it was chosen';
  if (!found.some((each) => each.prompt)) return 'has no prompt: only other options switch it';
  if (line.value === 'n') return 'another option selects it';
  return `the kernel's Kconfig settled on "${config.get(line.symbol) ?? 'n'}" (${found[0]?.file})`;
}

/** @returns a sentence for each line */
export async function explainLosses(
  source: string,
  lost: readonly ConfigLine[],
  config: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const symbols = lost.map((line) => line.symbol).join('|');
  const pattern = `^[[:space:]]*(menu)?config[[:space:]]+(${symbols})[[:space:]]*$`;
  const grep = await run(['grep', '-rlE', '--include=Kconfig*', pattern, '.'], { cwd: source, signal, allow: [1, 2] });
  const files = grep.stdout.split('\n').filter((file) => file !== '');
  const texts = await Promise.all(
    files.map(async (file) => ({ file: file.replace(/^\.\//, ''), text: await readFile(join(source, file), 'utf8') })),
  );
  return lost.map((line) =>
    explainLoss(
      line,
      texts.flatMap(({ text, file }) => findDefinitions(text, line.symbol, file)),
      config,
    ),
  );
}
