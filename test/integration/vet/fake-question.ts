/** A plan, and kernels whose guests say different things, for questions that vet several of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import type { NamedReporter } from '../../../harness/report/multiplexer.ts';
import { planRun, type RunPlan } from '../../../harness/run/plan.ts';
import type { VetContext } from '../../../harness/vet/vet-kernel.ts';
import { makeDebs, openFakeWorld, transcript, type FakeWorld } from '../fake-world.ts';

export const FAIL: readonly string[] = [
  '# begin A01.direct',
  '# count prepare=1 mapped=1',
  '# driver bad: mapped x2',
  '# user bad: the data says otherwise',
  'not ok 1 A01.direct title',
];

export interface FakeQuestion {
  readonly world: FakeWorld;
  readonly plan: RunPlan;
  readonly context: VetContext;
  /** A patch whose kernel's guests say `lines`; the plain kernel's words by default. @returns its file */
  patch(line: number, subject: string, lines?: readonly string[]): Promise<string>;
}

/** Shows nobody how far a kernel is. */
export const quiet = (): NamedReporter => ({ name: 'none', reporter: { onEvent: () => {} } });

/** A fake make and QEMU for each test of the file that calls this. @returns those of the test that runs */
export function useFakeQuestion(): () => FakeQuestion {
  // Guests by the dozen, on a host that may be busy.
  vi.setConfig({ testTimeout: 600_000 });
  let fake: FakeQuestion;
  beforeEach(async () => {
    fake = await openFakeQuestion();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await fake.world[Symbol.asyncDispose]();
  });
  return () => fake;
}

async function openFakeQuestion(): Promise<FakeQuestion> {
  const world = await openFakeWorld();
  for (const [name, value] of Object.entries(world.env)) vi.stubEnv(name, value);
  vi.stubEnv('FAKE_GUEST', 'good');
  const cell = { target: ['x86_64'], clause: ['A01'], path: ['direct'], accel: 'tcg' };
  return {
    world,
    plan: planRun({ ...cell, kernel: world.tree, guestDebs: await makeDebs(world.folder) }),
    context: { signal: new AbortController().signal, command: ['mmapvet', 'compare'], tool: 'mmapvet 0' },
    async patch(line, subject, lines) {
      const file = join(world.folder, `${line}.patch`);
      if (lines !== undefined) await writeFile(join(world.folder, `ktap.changed${line}`), transcript(lines));
      await writeFile(file, `Subject: ${subject}\n\n---\n${linePatch(line)}`);
      return file;
    },
  };
}

/** Of the forty lines of mm/util.c; those of two patches must not be near each other. */
function linePatch(line: number): string {
  const around = (numbers: readonly number[]): string => numbers.map((each) => ` int line${each};\n`).join('');
  const before = around([line - 3, line - 2, line - 1]);
  const after = around([line + 1, line + 2, line + 3]);
  const at = `-${line - 3},7 +${line - 3},7`;
  return `--- a/mm/util.c\n+++ b/mm/util.c\n@@ ${at} @@\n${before}-int line${line};\n+int changed${line};\n${after}`;
}
