/** `results.json`: what a run found, as one document. A pure fold of the event stream; the schema is published. */
import { z } from 'zod';
import { shownFindings } from '../contract/findings.ts';
import { BuildIdentity, Cell, Coverage, Fault, KernelIdentity, Part, type CellId, type Event } from '../core/events.ts';
import { countOutcomes, OUTCOMES } from '../core/outcome.ts';

export const RESULTS_VERSION = 1;

export const Results = z.object({
  version: z.literal(RESULTS_VERSION),
  tool: z.string().describe('Name and version of what wrote this'),
  at: z.iso.datetime().nullable().describe('When the run started, UTC'),
  durationMs: z.number().nonnegative().describe('Wall clock; up to the last event where the run did not end'),
  exitCode: z.number().nullable().describe('null: the run was killed before its end'),
  interrupted: z.boolean(),
  profile: z.string(),
  targets: z.array(
    z.object({
      name: z.string(),
      accel: z.string().nullable().describe('kvm or tcg; null: no guest was started'),
    }),
  ),
  kernel: KernelIdentity.nullable().describe('null: no kernel source was found'),
  parts: z.array(Part).optional().describe('Only of a merged run: what stands behind each of its targets'),
  resumes: z
    .string()
    .optional()
    .describe('Run folder that this run went on with: cells with takenFrom are its verdicts'),
  builds: z.array(BuildIdentity),
  // The driver's log stays in events.jsonl and in the evidence folder.
  cells: z.array(Cell.omit({ log: true })),
  undecided: z.number().describe('Cells that were asked for and got no verdict'),
  kernelFaults: z
    .array(z.object({ target: z.string(), during: z.string(), fault: Fault }))
    .describe('Faults outside of any cell: while booting, loading or unloading the driver'),
  coverage: z
    .array(Coverage)
    .optional()
    .describe('What the probes ran of the lines that the series changes, and of the mmap path; only of run --coverage'),
  counts: z.record(z.enum(OUTCOMES), z.number()).describe('Cells per outcome'),
  findings: z
    .array(
      z.object({
        number: z.number(),
        title: z.string(),
        document: z.string(),
        clauses: z.array(z.string()),
        targets: z.array(z.string()),
      }),
    )
    .default([])
    .describe('Known oddities of the kernel that cells of this run showed: docs/findings.md'),
});

export type Results = z.infer<typeof Results>;

/** The schema as published in docs/results.schema.json. */
export function resultsJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(Results), title: 'results.json of mmapvet', $comment: 'Generated from results.ts.' };
}

const keyOf = (cell: CellId): string => [cell.clause, cell.path, cell.target, cell.profile].join(' ');

/** Folds a run's events, also those of one that was killed. Of several verdicts on one cell the last counts. */
export function buildResults(events: Iterable<Event>): Results {
  let start: Extract<Event, { kind: 'run-start' }> | null = null;
  let end: Extract<Event, { kind: 'run-end' }> | null = null;
  let kernel: KernelIdentity | null = null;
  let last: string | null = null;
  const builds: BuildIdentity[] = [];
  const accels = new Map<string, string>();
  const cells = new Map<string, Cell>();
  const coverage = new Map<string, Coverage>();
  const kernelFaults: Results['kernelFaults'] = [];
  for (const event of events) {
    last = event.at;
    switch (event.kind) {
      case 'run-start':
        start = event;
        break;
      case 'kernel':
        kernel = event.kernel;
        break;
      case 'build':
        builds.push(event.build);
        break;
      case 'guest':
        accels.set(event.target, event.accel);
        break;
      case 'cell':
        cells.set(keyOf(event.cell), event.cell);
        break;
      case 'kernel-fault':
        kernelFaults.push({ target: event.target, during: event.during, fault: event.fault });
        break;
      case 'coverage':
        coverage.set(event.coverage.target, event.coverage);
        break;
      case 'run-end':
        end = event;
        break;
      case 'note':
      case 'stage-start':
      case 'stage-progress':
      case 'stage-end':
      case 'cell-start':
        break;
    }
  }
  const decided = inPlannedOrder(start?.cells ?? [], cells);
  const lasted = start === null || last === null ? 0 : Math.max(0, Date.parse(last) - Date.parse(start.at));
  return inSchemaOrder({
    version: RESULTS_VERSION,
    tool: start?.tool ?? '',
    at: start?.at ?? null,
    durationMs: end?.durationMs ?? lasted,
    exitCode: end?.exitCode ?? null,
    interrupted: end?.interrupted ?? false,
    profile: start?.profile ?? '',
    targets: (start?.targets ?? [...accels.keys()]).map((name) => ({ name, accel: accels.get(name) ?? null })),
    kernel,
    ...(start?.parts === undefined ? {} : { parts: start.parts }),
    ...(start?.resumes === undefined ? {} : { resumes: start.resumes }),
    builds,
    cells: decided.map(({ log: _log, ...cell }) => cell),
    undecided: (start?.cells ?? []).filter((cell) => !cells.has(keyOf(cell))).length,
    kernelFaults,
    ...(coverage.size === 0 ? {} : { coverage: [...coverage.values()] }),
    counts: countOutcomes(decided.map((cell) => cell.outcome)),
    findings: shownFindings(decided).map((finding) => ({
      ...finding,
      clauses: [...finding.clauses],
      targets: [...finding.targets],
    })),
  });
}

/** Guests side by side come to their verdicts in any order. */
function inPlannedOrder(planned: readonly CellId[], decided: ReadonlyMap<string, Cell>): Cell[] {
  const known = planned.flatMap((id) => decided.get(keyOf(id)) ?? []);
  return [...new Set([...known, ...decided.values()])];
}

/** The same bytes whether the events come live or out of a file. */
function inSchemaOrder(results: Results): Results {
  const parsed = Results.safeParse(results);
  return parsed.success ? parsed.data : results;
}
