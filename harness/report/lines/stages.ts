/** How far each target is: finished stages as lines of a log, and the running one as a row of the live window. */
import type { Stage } from '../../core/events.ts';
import { harmless } from '../../probe/untrusted.ts';
import { formatClock, formatDuration, padTo } from '../format.ts';
import type { RunState, StageState, TargetState } from '../run-state.ts';
import type { Paint } from './paint.ts';

const STAGE_WIDTH = 7;
/** Stages that get a line however quick they were: everything a reader wonders about. */
const ALWAYS: ReadonlySet<Stage> = new Set(['build', 'boot']);
const SLOW_MS = 1000;
/** Stages that a row of the live window still names when they are over; the others pass in a blink. */
const MILESTONES: ReadonlySet<Stage> = new Set(['config', 'build', 'boot', 'probe', 'repeat']);
/** What is said in place of a time where there was nothing to do. */
const REUSED: Partial<Record<Stage, string>> = { build: 'already built', boot: 'from a snapshot' };
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const BAR = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const BAR_COLUMNS = 18;

/** Columns of the widest target's name. */
export function targetWidth(state: RunState): number {
  return Math.max(0, ...[...state.targets.keys()].map((name) => name.length));
}

/** True for a stage whose end deserves a line where nothing is redrawn. */
export function deservesLine(stage: StageState): boolean {
  return stage.state === 'failed' || ALWAYS.has(stage.stage) || stage.durationMs >= SLOW_MS;
}

/** `  x86_64  build    ✓ 4 min 12 s  712 objects`. */
export function stageEndLine(target: string, stage: StageState, width: number, paint: Paint): string {
  const sign = stage.state === 'failed' ? paint('red', '✗') : paint('green', '✓');
  const took = stage.reused ? (REUSED[stage.stage] ?? 'at hand') : formatDuration(stage.durationMs);
  return stageLine(target, stage.stage, `${sign} ${padTo(took, 12)}`, stage.detail, width, paint);
}

/** `  x86_64  build    · 25 %          285/1140 mm/util.o`: quarters only, so that a log stays short. */
export function stageProgressLine(target: string, stage: StageState, width: number, paint: Paint): string {
  const percent = stage.total === null ? '' : `${Math.floor((stage.done / stage.total) * 100)} %`;
  const of = stage.total === null ? '' : `${stage.done}/${stage.total} `;
  return stageLine(target, stage.stage, `${paint('dim', '·')} ${padTo(percent, 12)}`, of + stage.detail, width, paint);
}

function stageLine(target: string, stage: string, middle: string, detail: string, width: number, paint: Paint): string {
  return `  ${padTo(target, width)}  ${padTo(stage, STAGE_WIDTH)}  ${middle}  ${paint('dim', harmless(detail))}`.trimEnd();
}

/** The quarter of a stage's work that is done, 0 to 4; null where the total is not known. */
export function quarter(stage: StageState): number | null {
  return stage.total === null || stage.total === 0 ? null : Math.floor((stage.done / stage.total) * 4);
}

/** One row of the live window for each target, and one for the stages that all share. */
export function stageRows(state: RunState, now: number, paint: Paint): string[] {
  const width = targetWidth(state);
  const rows: string[] = [];
  const shared = [...state.shared.values()].filter((stage) => stage.state === 'running');
  if (shared.length > 0) rows.push(`  ${shared.map((stage) => runningStage(stage, now, paint)).join('   ')}`);
  for (const target of state.targets.values())
    rows.push(`  ${paint('bold', padTo(target.name, width))}  ${targetRow(target, now, paint)}`);
  return rows;
}

function targetRow(target: TargetState, now: number, paint: Paint): string {
  const stages = [...target.stages.values()];
  if (stages.length === 0) return paint('dim', 'waiting');
  return stages
    .filter((stage) => stage.state !== 'done' || MILESTONES.has(stage.stage))
    .map((stage) => {
      switch (stage.state) {
        case 'done':
          return paint('dim', `${stage.stage} ✓`);
        case 'failed':
          return paint('red', `${stage.stage} ✗`);
        case 'running':
          return runningStage(stage.stage === 'probe' ? probeStage(stage, target) : stage, now, paint);
      }
    })
    .join('  ');
}

/** Probing is counted in cells, whatever the stage's own progress says. */
function probeStage(stage: StageState, target: TargetState): StageState {
  const { running } = target;
  const detail = running === null ? '' : `${running.clause} ${running.path}`;
  return { ...stage, done: target.cells.size, total: target.planned.length, detail };
}

function runningStage(stage: StageState, now: number, paint: Paint): string {
  const clock = formatClock(now - stage.startedAt);
  const spinner = SPINNER[Math.floor(now / 250) % SPINNER.length] ?? '';
  const bar = stage.total === null || stage.total === 0 ? '' : progressBar(stage.done / stage.total, paint);
  const of = stage.total === null ? '' : `${stage.done}/${stage.total}`;
  // The clock comes before the detail: where the row is cut, the file's name goes first.
  return [`${paint('cyan', spinner)} ${stage.stage}`, bar, of, clock, paint('dim', harmless(stage.detail))]
    .filter((part) => part !== '')
    .join(' ');
}

/** `▕██████▎     ▏`, in eighths of a column. */
export function progressBar(fraction: number, paint: Paint, columns = BAR_COLUMNS): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * columns * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + (BAR[eighths % 8] ?? '');
  return `▕${paint('cyan', filled.padEnd(columns))}▏`;
}
