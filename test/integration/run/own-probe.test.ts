/** Compiles with the host's own compiler: no kernel and no guest is needed to tell what a file is. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TARGETS } from '../../../harness/core/arch.ts';
import { run } from '../../../harness/core/exec.ts';
import { prepareOwn } from '../../../harness/run/own-probe.ts';
import { planBuild } from '../../../harness/run/plan.ts';

const HOST = TARGETS.find(({ arch }) => arch.nodeArch === process.arch)!;
const PLAN = planBuild({ target: [HOST.name] });
const NEVER = new AbortController().signal;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const compile = (text: string, name = 'a.c') => {
  count += 1;
  return prepareOwn({ name, text: Buffer.from(text) }, PLAN, join(folder, String(count)), NEVER);
};

const PROGRAM = '#include <stdio.h>\nint main(void)\n{\n\tputs("hello");\n\treturn 4;\n}\n';
const PROBE = '#include <probe.h>\n\nvoid probe(enum path path)\n{\n\tuser_fact(true, "path %d", path);\n}\n';

test('a program by itself runs as it is', async () => {
  const { own, warnings } = await compile(PROGRAM);
  expect({ kind: own.kind, warnings }).toEqual({ kind: 'program', warnings: [] });
  const { file } = await own.link(HOST, { library: '/nowhere' }, NEVER);
  const { status, stdout } = await new Promise<{ status: number | null; stdout: string }>((done) => {
    try {
      done({ status: 0, stdout: execFileSync(file, { encoding: 'utf8' }) });
    } catch (error) {
      done(error as { status: number; stdout: string });
    }
  });
  expect({ status, stdout }).toEqual({ status: 4, stdout: 'hello\n' });
});

test('what has probe() becomes mmapvet-probes with one cell more on each path', async () => {
  const { own } = await compile(PROBE);
  expect(own.kind).toBe('probe');
  const library = join(folder, 'library');
  const guest = join(import.meta.dirname, '../../../guest');
  await run(['make', '-s', '-C', guest, `OUT=${library}`, join(library, 'probes.o'), '-j2']);
  const { file } = await own.link(HOST, { library: join(library, 'probes.o') }, NEVER);
  const listed = execFileSync(file, ['--list', 'Z01'], { encoding: 'utf8' });
  expect(listed.match(/^Z01\.\w+/gm)).toEqual(['direct', 'W1', 'W2', 'W3', 'W4', 'W5'].map((path) => `Z01.${path}`));
  // All of the probes are compiled.
}, 600_000);

test('the probe of docs/tasks/write-a-probe.md', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/tasks/write-a-probe.md'), 'utf8');
  const { own, warnings } = await compile(/^```c\n([^]*?)^```$/m.exec(page)?.[1] ?? '');
  expect({ kind: own.kind, warnings }).toEqual({ kind: 'probe', warnings: [] });
});

test.each(['plain.c', 'it\'s "my" probe.c', '/tmp/a b/ünïcode.c'])(
  "the compiler's words name the user's file and line: %s",
  async (name) => {
    const failed = compile(`${PROGRAM}int f(void) { return nothing; }\n`, name);
    await expect(failed).rejects.toMatchObject({ code: 'PROBE_BUILD', blame: 'trouble' });
    await expect(failed).rejects.toThrow(`${name}:7: `);
  },
);

test.each(['extern int gone(void);\nint main(void) { return gone(); }\n', 'int main(void) { return gone(); }\n'])(
  'what is nowhere is missed with its line: %j',
  async (text) => {
    const linked = compile(text, 'my probe.c').then(({ own }) => own.link(HOST, { library: '/nowhere' }, NEVER));
    await expect(linked).rejects.toThrow(/"my probe\.c" does not build for \w+: my probe\.c:[12]: .*gone/);
  },
);

test('warnings are told, and are no error', async () => {
  const { warnings } = await compile(`${PROGRAM}static int unused;\n`, 'w.c');
  expect(warnings).toEqual([expect.stringMatching(/^w\.c:7:12: warning: .*unused/)]);
});

test('a file that is neither', async () => {
  await expect(compile('int f(void) { return 0; }\n')).rejects.toMatchObject({ code: 'PROBE_KIND', blame: 'usage' });
  await expect(compile('')).rejects.toMatchObject({ code: 'PROBE_KIND' });
});

test("the other targets' objects are told apart as well", async () => {
  const others = TARGETS.filter((target) => target !== HOST);
  for (const target of others) {
    const plan = planBuild({ target: [target.name] });
    const { own } = await prepareOwn(
      { name: 'a.c', text: Buffer.from(PROGRAM) },
      plan,
      join(folder, target.name),
      NEVER,
    );
    expect(own.kind).toBe('program');
  }
});

test('an interrupt ends it', async () => {
  await expect(
    prepareOwn(
      { name: 'a.c', text: Buffer.from(PROGRAM) },
      PLAN,
      join(folder, 'late'),
      AbortSignal.abort(new Error('stop')),
    ),
  ).rejects.toThrow('stop');
});
