/** The run so far, as the reporters need it: one fold of the event stream, shared by all of them. */
import type {
  BuildIdentity,
  Cell,
  CellId,
  Coverage,
  Event,
  Fault,
  KernelIdentity,
  Part,
  Stage,
} from '../core/events.ts';
import { countOutcomes, type Counts } from '../core/outcome.ts';

export interface Note {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly hint: string;
  readonly code: string;
  readonly target: string | null;
}

export interface StageState {
  readonly stage: Stage;
  state: 'running' | 'done' | 'failed';
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
  done: number;
  total: number | null;
  detail: string;
  reused: boolean;
}

export interface TargetState {
  readonly name: string;
  readonly stages: Map<Stage, StageState>;
  /** In the order of the plan. */
  readonly planned: CellId[];
  readonly cells: Map<string, Cell>;
  /** When each verdict came, by the cell's key; milliseconds since the epoch. */
  readonly decidedAt: Map<string, number>;
  running: CellId | null;
  readonly faults: { readonly during: string; readonly fault: Fault }[];
  readonly notes: Note[];
  accel: string | null;
  coverage: Coverage | null;
  build: BuildIdentity | null;
  /** Of a merged run: what stands behind this target. */
  part: Part | null;
}

export interface RunState {
  tool: string;
  command: readonly string[];
  folder: string;
  profile: string;
  startedAt: number | null;
  kernel: KernelIdentity | null;
  /** Stages and notes that belong to no target. */
  readonly shared: Map<Stage, StageState>;
  readonly notes: Note[];
  readonly targets: Map<string, TargetState>;
  /** Finished stages as intervals, for the time split. */
  readonly spans: { readonly stage: Stage; readonly from: number; readonly to: number }[];
  end: { readonly exitCode: number; readonly interrupted: boolean; readonly durationMs: number } | null;
  lastAt: number;
}

export function createRunState(): RunState {
  return {
    tool: 'mmapvet',
    command: [],
    folder: '',
    profile: '',
    startedAt: null,
    kernel: null,
    shared: new Map(),
    notes: [],
    targets: new Map(),
    spans: [],
    end: null,
    lastAt: 0,
  };
}

export const cellKey = (cell: Pick<CellId, 'clause' | 'path' | 'profile'>): string =>
  `${cell.clause} ${cell.path} ${cell.profile}`;

/** The target's state; a stream that names a target only later is followed all the same. */
export function targetOf(state: RunState, name: string): TargetState {
  let target = state.targets.get(name);
  if (target === undefined) {
    target = {
      name,
      stages: new Map(),
      planned: [],
      cells: new Map(),
      decidedAt: new Map(),
      running: null,
      faults: [],
      notes: [],
      accel: null,
      coverage: null,
      build: null,
      part: null,
    };
    state.targets.set(name, target);
  }
  return target;
}

/** Takes one event in; changes `state`. */
export function applyEvent(state: RunState, event: Event): void {
  const now = Date.parse(event.at);
  state.lastAt = now;
  switch (event.kind) {
    case 'run-start':
      Object.assign(state, {
        tool: event.tool,
        command: event.command,
        folder: event.folder,
        profile: event.profile,
        startedAt: now,
      });
      for (const name of event.targets) targetOf(state, name);
      for (const part of event.parts ?? []) targetOf(state, part.name).part = part;
      for (const cell of event.cells) targetOf(state, cell.target).planned.push(cell);
      return;
    case 'kernel':
      state.kernel = event.kernel;
      return;
    case 'note': {
      const { level, text, hint, target } = event;
      const notes = target === null ? state.notes : targetOf(state, target).notes;
      notes.push({ level, text, hint: hint ?? '', code: event.code ?? '', target });
      return;
    }
    case 'stage-start':
    case 'stage-progress':
    case 'stage-end':
      return applyStage(state, event, now);
    case 'build':
      targetOf(state, event.build.target).build = event.build;
      return;
    case 'guest':
      targetOf(state, event.target).accel = event.accel;
      return;
    case 'cell-start':
      targetOf(state, event.cell.target).running = event.cell;
      return;
    case 'cell': {
      const target = targetOf(state, event.cell.target);
      if (isBlocked(target, event.cell)) return;
      target.cells.set(cellKey(event.cell), event.cell);
      target.decidedAt.set(cellKey(event.cell), now);
      if (target.running !== null && cellKey(target.running) === cellKey(event.cell)) target.running = null;
      return;
    }
    case 'kernel-fault':
      targetOf(state, event.target).faults.push({ during: event.during, fault: event.fault });
      return;
    case 'coverage':
      targetOf(state, event.coverage.target).coverage = event.coverage;
      return;
    case 'run-end':
      state.end = { exitCode: event.exitCode, interrupted: event.interrupted, durationMs: event.durationMs };
      return;
  }
}

/** Without a build no probe can run: that is said once for the target, not for each of its cells. */
function isBlocked(target: TargetState, cell: Cell): boolean {
  if (target.build !== null || cell.ran || cell.outcome !== 'error') return false;
  return target.planned.some((each) => cellKey(each) === cellKey(cell));
}

type StageEvent = Extract<Event, { kind: 'stage-start' | 'stage-progress' | 'stage-end' }>;

function applyStage(state: RunState, event: StageEvent, now: number): void {
  // A guest's own stages count as time; what is shown is how far its target is.
  if (event.kind !== 'stage-progress' && event.guest !== undefined) {
    if (event.kind === 'stage-end') state.spans.push({ stage: event.stage, from: now - event.durationMs, to: now });
    return;
  }
  const stages = event.target === null ? state.shared : targetOf(state, event.target).stages;
  const fresh: StageState = {
    stage: event.stage,
    state: 'running',
    startedAt: now,
    durationMs: 0,
    done: 0,
    total: null,
    detail: event.detail,
    reused: false,
  };
  const stage = event.kind === 'stage-start' ? fresh : (stages.get(event.stage) ?? fresh);
  stages.set(event.stage, stage);
  if (event.detail !== '') stage.detail = event.detail;
  if (event.kind === 'stage-progress') {
    stage.done = event.done;
    stage.total = event.total;
  } else if (event.kind === 'stage-end') {
    stage.state = event.ok ? 'done' : 'failed';
    stage.durationMs = event.durationMs;
    stage.reused = event.reused;
    stage.detail = event.detail;
    state.spans.push({ stage: event.stage, from: now - event.durationMs, to: now });
  }
}

/** Verdicts in the order of the plan, then any that the plan did not name. */
export function decidedCells(target: TargetState): Cell[] {
  const planned = target.planned.map(cellKey);
  const order = new Map(planned.map((key, index) => [key, index]));
  return [...target.cells]
    .toSorted(([a], [b]) => (order.get(a) ?? planned.length) - (order.get(b) ?? planned.length))
    .map(([, cell]) => cell);
}

export function undecidedCells(target: TargetState): CellId[] {
  return target.planned.filter((cell) => !target.cells.has(cellKey(cell)));
}

/** Why a target got no further, in one sentence; what stopped all targets counts where its own events say nothing. */
export function stoppedBy(
  target: TargetState,
  state: RunState | null = null,
): { readonly stage: string; readonly reason: string } | null {
  const find = ({ stages, notes }: Pick<TargetState, 'stages' | 'notes'>) => ({
    failed: [...stages.values()].find((stage) => stage.state === 'failed'),
    note: notes.find((each) => each.level === 'error'),
  });
  const own = find(target);
  const mute = own.failed === undefined && own.note === undefined && state !== null;
  const { failed, note } = mute ? find({ stages: state.shared, notes: state.notes }) : own;
  if (failed === undefined && note === undefined) return null;
  const stage = failed?.stage ?? 'run';
  const detail = failed === undefined || failed.detail === '' ? `${stage} failed` : failed.detail;
  return { stage, reason: note?.text ?? detail };
}

/** What was vetted where: of a merged run each target has its own kernel and profile. */
export function factsOf(state: RunState, target: TargetState): Omit<Part, 'name'> {
  const { command, profile, kernel } = state;
  return target.part ?? { target: target.name, profile, kernel, command: [...command] };
}

/** What a stored run's folder lacks: a report of it says so, whatever its format. */
export function damageOf(state: RunState): string[] {
  return state.notes.filter((note) => note.code === 'RUN_DAMAGED').map((note) => note.text);
}

export function allCells(state: RunState): Cell[] {
  return [...state.targets.values()].flatMap(decidedCells);
}

export function countsOf(state: RunState): Counts {
  return countOutcomes(allCells(state).map((cell) => cell.outcome));
}
