/**
 * The event stream: the one thing that a run produces. Reporters read it live, `events.jsonl` stores it, and a stored
 * stream replayed gives the same reports. A change that an old reader would misread raises EVENTS_VERSION.
 */
import { z } from 'zod';
import { OUTCOMES } from './outcome.ts';

export const EVENTS_VERSION = 1;

/**
 * A cell's coordinates; `path` is `direct` or a wrapper `W1` … `W5`. A program of the kernel's own tests is a cell too: its
 * `clause` is the suite, `selftests-mm`, and its `path` the program.
 */
export const CellId = z.object({
  clause: z.string().regex(/^(?:[A-Z]\d{2}|[a-z][a-z\d]*(?:-[a-z\d]+)+)$/),
  path: z.string(),
  target: z.string(),
  profile: z.string(),
});

/** One entry of a stack, innermost first. `file` and `line` are known once symbols have been looked up. */
export const Frame = z.object({
  /** As the kernel prints it, `vma_merge.isra.0`; for an inlined one its name in the source. */
  function: z.string(),
  offset: z.number().nullable(),
  size: z.number().nullable(),
  module: z.string().nullable(),
  /** Relative to the kernel tree: `mm/util.c`. */
  file: z.string().nullable(),
  line: z.number().nullable(),
  /** Inlined into the next entry that is not. */
  inlined: z.boolean(),
});

export const Fault = z.object({
  class: z.string(),
  title: z.string(),
  /** The splat's own lines, cleaned of control characters. */
  lines: z.array(z.string()),
  // What follows is absent from runs stored before it was recorded.
  /** The guilty one: whoever only reports, locks or allocates is skipped. */
  function: z.string().nullable().optional(),
  cpu: z.number().nullable().optional(),
  /** `comm/pid`. */
  task: z.string().nullable().optional(),
  /** Lines are missing or garbled. */
  corrupted: z.boolean().optional(),
  /** It is a panic, or led to one. */
  panicked: z.boolean().optional(),
  frames: z.array(Frame).optional(),
  /** The same for the same fault at other addresses, in other builds, on other architectures. */
  fingerprint: z.string().optional(),
});

/** One observer's facts, as `ok: …` or `bad: …` sentences. */
export const Fact = z.object({ ok: z.boolean(), text: z.string() });

/** What the observers of an X clause saw, a canonical line a thing. */
const Sides = z.object({ driver: z.array(z.string()), user: z.array(z.string()) });

/** An X clause's behaviour, beside what is recorded of it. */
export const Behaviour = z.object({
  seen: Sides,
  /** null: nothing is recorded for this cell on this kernel and target. */
  recorded: Sides.extend({
    kernel: z.string().describe('The kernel that it was recorded on'),
    source: z.string(),
  }).nullable(),
});

/** The entry of allow.yaml that explains the cell, and what the cell would be without it. */
export const Known = z.object({
  entry: z.string().describe('File and line'),
  outcome: z.enum(OUTCOMES),
  reason: z.string(),
  link: z.string(),
  expires: z.string(),
});

/** One test case of a program of the kernel's own tests. */
export const Case = z.object({
  name: z.string(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().describe('Why it is not a plain pass'),
});

export const Cell = CellId.extend({
  outcome: z.enum(OUTCOMES),
  /** False where the probe never started: the trouble lay before it. */
  ran: z.boolean(),
  /** One sentence: why it is not a plain pass. Empty for a pass. */
  reason: z.string(),
  observers: z.object({ driver: z.array(Fact), user: z.array(Fact) }),
  durationMs: z.number().nonnegative(),
  repeats: z.array(z.object({ outcome: z.enum(OUTCOMES), reason: z.string() })),
  /** The driver's event log, one `key=value …` line an event. */
  log: z.array(z.string()),
  /** Folder below the run folder; null where nothing was kept. */
  evidence: z.string().nullable(),
  faults: z.array(Fault),
  behaviour: Behaviour.optional(),
  known: Known.optional(),
  takenFrom: z
    .string()
    .optional()
    .describe('Run folder in which it was decided, where a later run took it over (run --resume)'),
  cases: z.array(Case).optional().describe("Of a program of the kernel's own tests: its test cases"),
});

export const KernelIdentity = z.object({
  /** As the user would name it: a path, `deb:linux-source-7.3=…`, a tarball. */
  source: z.string(),
  version: z.string(),
  commit: z.string().nullable(),
  packageVersion: z.string().nullable(),
  dirty: z.boolean(),
  series: z.array(z.object({ subject: z.string(), author: z.string(), sha256: z.string(), file: z.string() })),
  /** What the series says of itself: the commit that it was made on, and b4's name for it. */
  baseCommit: z.string().optional(),
  changeId: z.string().optional(),
});

export const BuildIdentity = z.object({
  target: z.string(),
  profile: z.string(),
  key: z.string(),
  compiler: z.string(),
  configHash: z.string(),
  release: z.string(),
  guestKey: z.string().optional().describe('Of driver and probes; absent from runs stored before it was recorded'),
  /** True when the build was found in the store. */
  reused: z.boolean(),
});

/** Changed lines that fared alike. */
export const ChangedRange = z.object({
  file: z.string(),
  from: z.number().int().positive(),
  to: z.number().int().positive(),
  /** Lines were taken out before it. */
  removal: z.boolean(),
  /** `no-code`: a comment, a declaration. `not-counted`: a file that this kernel does not have, or that is no C. */
  state: z.enum(['run', 'never', 'no-code', 'not-counted']),
  clauses: z.array(z.string()),
  /** A process that has nothing to do with the driver runs it too. */
  background: z.boolean(),
});

export const Coverage = z.object({
  target: z.string(),
  profile: z.string(),
  changed: z.array(ChangedRange),
  /** Of the files that count; a function that the compiler inlined everywhere is in the others' lines. */
  functions: z.array(
    z.object({
      file: z.string(),
      name: z.string(),
      line: z.number(),
      lines: z.number(),
      run: z.number(),
      clauses: z.number(),
      /** The contract names it, or the series changes it. */
      told: z.boolean(),
    }),
  ),
  /** LCOV file below the run folder. */
  lcov: z.string(),
});

export const STAGES = [
  'source',
  'config',
  'build',
  'image',
  'boot',
  'restore',
  'connect',
  'module',
  'probe',
  'repeat',
  'collect',
] as const;
export const Stage = z.enum(STAGES);

const at = z.iso.datetime();
const target = z.string().nullable();
/** Which of its target's guests a stage is of, counted from 1; absent for what all of them share. */
const guest = z.number().int().positive().optional();

/** What stands behind a target of a merged run, whose name also tells kernels and profiles apart. */
export const Part = z.object({
  name: z.string().describe('What cells and targets of the merged run call it: `arm64 asan 7.3.4`'),
  target: z.string(),
  profile: z.string(),
  kernel: KernelIdentity.nullable(),
  command: z.array(z.string()).describe('Of the run that it came from'),
});

export const Event = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('run-start'),
    at,
    version: z.literal(EVENTS_VERSION),
    tool: z.string(),
    command: z.array(z.string()),
    /** Where the command was typed: paths in it may be relative. */
    cwd: z.string().optional(),
    folder: z.string(),
    /** The run folder that it goes on with, whose command is this one's. */
    resumes: z.string().optional(),
    targets: z.array(z.string()),
    profile: z.string(),
    cells: z.array(CellId),
    /** Only of a merged run: one for each of its targets. */
    parts: z.array(Part).optional(),
  }),
  z.object({ kind: z.literal('kernel'), at, kernel: KernelIdentity }),
  z.object({
    kind: z.literal('note'),
    at,
    target,
    level: z.enum(['info', 'warning', 'error']),
    text: z.string(),
    hint: z.string().optional(),
    code: z.string().optional(),
  }),
  z.object({ kind: z.literal('stage-start'), at, target, guest, stage: Stage, detail: z.string() }),
  z.object({
    kind: z.literal('stage-progress'),
    at,
    target,
    stage: Stage,
    done: z.number(),
    total: z.number().nullable(),
    detail: z.string(),
  }),
  z.object({
    kind: z.literal('stage-end'),
    at,
    target,
    guest,
    stage: Stage,
    ok: z.boolean(),
    reused: z.boolean(),
    durationMs: z.number(),
    detail: z.string(),
  }),
  z.object({ kind: z.literal('build'), at, build: BuildIdentity }),
  z.object({
    kind: z.literal('guest'),
    at,
    target: z.string(),
    guest,
    /** `booted`, or `restored` from a snapshot. */
    origin: z.enum(['booted', 'restored']).optional(),
    accel: z.string(),
    command: z.array(z.string()),
    console: z.string(),
  }),
  z.object({ kind: z.literal('cell-start'), at, cell: CellId }),
  z.object({ kind: z.literal('cell'), at, cell: Cell }),
  /** A fault outside of any cell: while booting, loading or unloading the driver. */
  z.object({ kind: z.literal('kernel-fault'), at, target: z.string(), during: z.string(), fault: Fault }),
  z.object({ kind: z.literal('coverage'), at, coverage: Coverage }),
  z.object({
    kind: z.literal('run-end'),
    at,
    counts: z.record(z.enum(OUTCOMES), z.number()),
    exitCode: z.number(),
    interrupted: z.boolean(),
    durationMs: z.number(),
  }),
]);

export type CellId = z.infer<typeof CellId>;
export type Cell = z.infer<typeof Cell>;
export type Behaviour = z.infer<typeof Behaviour>;
export type Fact = z.infer<typeof Fact>;
export type Case = z.infer<typeof Case>;
export type Fault = z.infer<typeof Fault>;
export type Frame = z.infer<typeof Frame>;
export type KernelIdentity = z.infer<typeof KernelIdentity>;
export type BuildIdentity = z.infer<typeof BuildIdentity>;
export type Part = z.infer<typeof Part>;
export type Coverage = z.infer<typeof Coverage>;
export type ChangedRange = z.infer<typeof ChangedRange>;
export type Stage = z.infer<typeof Stage>;
export type Event = z.infer<typeof Event>;
/** An event without its time stamp: what a stage hands to the sink, which adds `at`. */
export type EventBody = Event extends infer E ? (E extends unknown ? Omit<E, 'at'> : never) : never;
export type Emit = (event: EventBody) => void;
