/** `--update`: writes recorded.json, and says what it rewrote. Nothing else writes it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueCell } from '../contract/catalogue.ts';
import type { Clause } from '../contract/clause.ts';
import { RECORDED_FILE, type Recorded } from '../contract/recorded.ts';
import type { Cell, Emit } from '../core/events.ts';
import { writeFileAtomic } from '../results/atomic.ts';
import type { Kernel } from './prepare.ts';
import { updateRecorded } from './update.ts';

export interface Recorder {
  /** While the kernel's source is ours: where each clause's function is. */
  locate(kernel: Kernel): Promise<void>;
  /** @throws MmapvetError FILE_WRITE */
  conclude(cells: readonly Cell[], emit: Emit): void;
}

export function createRecorder(
  recorded: Recorded,
  checks: readonly CatalogueCell[],
  file: string = RECORDED_FILE,
): Recorder {
  const places = new Map<string, string>();
  let version = '';
  return {
    async locate(kernel) {
      ({ version } = kernel);
      const source = kernel.origin.kind === 'source' ? kernel.origin.source : null;
      await source?.open();
      const folder = source?.folder ?? null;
      for (const { clause } of checks)
        if (clause.class === 'X' && !places.has(clause.id)) places.set(clause.id, await locateSource(clause, folder));
    },
    conclude(cells, emit) {
      const update = updateRecorded(recorded, cells, version, (clause) => places.get(clause) ?? '');
      const news = update.diff.length > 0;
      if (news) writeFileAtomic(file, `${JSON.stringify(update.recorded, null, 2)}\n`);
      const text = news ? [`Rewritten: ${file}`, ...update.diff].join('\n') : 'There is nothing new to record.';
      emit({ kind: 'note', target: null, level: 'warning', code: 'RECORDED', text });
    },
  };
}

/** `mm/util.c:1371 mmap_action_finish`; without the line where the source is not at hand. */
export async function locateSource(clause: Pick<Clause, 'source'>, folder: string | null): Promise<string> {
  const [file = '', name = ''] = clause.source.split(':');
  const text = folder === null ? '' : await readFile(join(folder, file), 'utf8').catch(() => '');
  // A definition begins its line, and a prototype ends in a semicolon.
  const definition = new RegExp(String.raw`^(?:[a-z_][\w\s*]*[\s*])?${name}\(|^struct ${name}\b`);
  const line = text.split('\n').findIndex((each) => definition.test(each) && !each.trimEnd().endsWith(';'));
  return line < 0 ? `${file} ${name}` : `${file}:${line + 1} ${name}`;
}
