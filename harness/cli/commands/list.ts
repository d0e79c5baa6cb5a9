/** `mmapvet list clauses|targets|profiles|kernels` */
import { CATALOGUE } from '../../contract/catalogue.ts';
import { PROFILES, TARGETS } from '../../core/arch.ts';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { suggestHint } from '../../core/suggest.ts';
import { machineFor } from '../../machine/machine.ts';
import { loadConfig } from '../../run/config-file.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

type Row = Readonly<Record<string, string | readonly string[]>>;

const LISTS: Readonly<Record<string, () => readonly Row[] | Promise<readonly Row[]>>> = {
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
  profiles: async () => {
    const { profiles } = await loadConfig(process.cwd());
    return [
      ...PROFILES.map(({ name, fragments, summary }) => ({ name, fragments, summary })),
      ...[...profiles].map(([name, { extends: base, kconfig }]) => ({
        name,
        fragments: [base],
        summary: kconfig.join(' '),
      })),
    ];
  },
  kernels: async () => {
    const { kernels } = await loadConfig(process.cwd());
    return [...kernels].map(([name, { source, range, patches, from }]) => ({
      name,
      source,
      series: [...(range === undefined ? [] : [range]), ...patches],
      from,
    }));
  },
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
  const rows = await list();
  if (values['json'] === true) screen.out(`${JSON.stringify(rows, null, 2)}\n`);
  else if (rows.length > 0) screen.out(`${table(rows)}\n`);
  else screen.err(`There are no ${what} yet: mmapvet.yaml names them.\n`);
  return EXIT.good;
}
