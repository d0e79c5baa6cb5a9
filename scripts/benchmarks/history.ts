/** Questions to a history of a thousand full runs, against what Node itself takes to start. */
import { join } from 'node:path';
import { spawn } from '../../harness/core/exec.ts';
import { openHistory } from '../../harness/results/history/open.ts';
import { recordRun } from '../../harness/results/history/record.ts';
import { syntheticRun } from '../../test/fixtures/history.ts';
import { interleaved, note, runTool, samplesOf, screen, timed, type Bench } from './measure.ts';

const RUNS = 1000;
const CELLS = 587;
const QUERIES = ['history A01', 'history --last 1000', 'history --flaky --last 1000', 'history --slowest --last 1000'];

function fill(file: string): void {
  using history = openHistory(file);
  for (let run = 0; run < RUNS; run += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + run * 3_600_000).toISOString();
    const odd = (index: number): boolean => index % 97 === 3 && run % 9 === 4;
    recordRun(
      history,
      syntheticRun({
        folder: `/runs/${run}`,
        at,
        cells: CELLS,
        targets: ['x86_64', 'arm64'],
        change: (index) => ({
          durationMs: 20 + ((index * 7 + run) % 50),
          ...(odd(index) ? { outcome: 'fail', reason: 'close x0' } : {}),
        }),
      }),
    );
  }
}

export async function benchHistory(bench: Bench): Promise<void> {
  fill(join(bench.folder, 'state/mmapvet/history.sqlite'));
  screen.out(`  (${RUNS} runs of ${2 * CELLS} cells)\n`);
  const env = { XDG_STATE_HOME: join(bench.folder, 'state') };
  const samples = await interleaved(samplesOf(bench, 7), [
    { name: 'node, and nothing else', run: () => timed(() => spawn([process.execPath, '-e', '0'])) },
    ...QUERIES.map((query) => ({
      name: `mmapvet ${query} (aim: 0.2 s)`,
      run: () => timed(() => runTool(query.split(' '), env)),
    })),
  ]);
  for (const [name, own] of samples) note(name, own);
}
