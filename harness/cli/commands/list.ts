/** `mmapvet list clauses|targets|profiles` */
import { CATALOGUE } from '../../contract/catalogue.ts';
import { PROFILES, TARGETS } from '../../core/arch.ts';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { suggestHint } from '../../core/suggest.ts';
import { machineFor } from '../../machine/machine.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

type Row = Readonly<Record<string, string | readonly string[]>>;

const LISTS: Readonly<Record<string, () => readonly Row[]>> = {
  clauses: () =>
    CATALOGUE.flatMap((group) =>
      group.clauses.map(({ id, class: kind, observers, paths, title }) => ({
        id,
        class: kind,
        observers,
        paths,
        title,
      })),
    ),
  targets: () =>
    TARGETS.map((target) => ({ name: target.name, machine: machineFor(target.name).machine, aliases: target.aliases })),
  profiles: () => PROFILES.map(({ name, fragments, summary }) => ({ name, fragments, summary })),
};

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    Object.values(row).map((value) => (typeof value === 'string' ? value : value.join(','))),
  );
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export async function listCommand(
  args: readonly string[],
  values: Values,
  { screen }: CommandContext,
): Promise<number> {
  const what = args[0] ?? '';
  const list = Object.hasOwn(LISTS, what) ? LISTS[what] : undefined;
  if (list === undefined)
    throw usageError('LIST_UNKNOWN', `There is no list "${what}".`, suggestHint(what, Object.keys(LISTS), 'lists'));
  const rows = list();
  screen.out(values['json'] === true ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows)}\n`);
  return Promise.resolve(EXIT.good);
}
