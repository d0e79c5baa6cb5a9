/** The command line of scripts/nightly. */
import { parseArgs } from 'node:util';
import { messageOf, usageError } from '../../core/errors.ts';

export const NIGHTLY_HELP = `Usage: scripts/nightly [options] [-- options of mmapvet run]

  --folder DIR     the night's folder (default: nightly/DATE below the state folder; the date is UTC);
                   what is done there already is not done again
  --config FILE    where the matrix comes from (default: the mmapvet.yaml around you if it has one,
                   else kernel-config/nightly.yaml)
  --cell GLOBS     only these cells, such as "7.3/*/asan"; several with commas
  --shard I/N      only this share of them, by what each took the last time
  --plan           write night.json and stop: shards on several machines need the same one
  --list           print the cells, and stop
  --report         run nothing: reports and summary of what there is
  --against DIR    the night to compare with (default: the last one beside it)
  --evidence       keep what was found in docs/evidence/matrix
  -h, --help       this text

Exit codes: 0 all good, 1 the kernel is wrong in some cell, 2 undecided, 64 wrong usage, 130 interrupted.
`;

/** @throws MmapvetError USAGE */
export function parseNightly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        folder: { type: 'string' },
        config: { type: 'string' },
        cell: { type: 'string' },
        shard: { type: 'string' },
        plan: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
        against: { type: 'string' },
        evidence: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw usageError('USAGE', `${messageOf(error).split('.', 1)[0] ?? ''}.`, 'Run "scripts/nightly --help".');
  }
}

export type NightlyValues = ReturnType<typeof parseNightly>['values'];
