/** A kernel fault for a reader: where it was, and the frames from the guilty one on, as file:line where that is known. */
import type { Fault, Frame } from '../../core/events.ts';
import { plainName } from '../../probe/frames.ts';
import { guiltyIndex } from '../../probe/guilty.ts';
import { harmless } from '../../probe/untrusted.ts';

/** Frames beyond these are the way from user space: always the same. */
export const SHOWN_FRAMES = 5;

/** `mm/util.c:1445`, `mmap_region+0x120`, `mv_action+0x61 [mmapvet]`. */
export function framePlace(frame: Frame): string {
  if (frame.file !== null) return frame.line === null ? frame.file : `${frame.file}:${frame.line}`;
  const offset = frame.offset === null ? '' : `+0x${frame.offset.toString(16)}`;
  return `${frame.function}${offset}${frame.module === null ? '' : ` [${frame.module}]`}`;
}

/** `do_mmap  mm/mmap.c:560`, or the bare place where symbols are not known. */
export function frameText(frame: Frame): string {
  if (frame.file === null) return harmless(framePlace(frame));
  const module = frame.module === null ? '' : ` [${frame.module}]`;
  return harmless(`${frame.function}${module}  ${framePlace(frame)}${frame.inlined ? ' (inlined)' : ''}`);
}

/**
 * The frames from the guilty function on. What was inlined into it comes along: the guilt is in the innermost.
 * @param limit frames of the kernel's own stack; inlined ones come free
 */
export function guiltyFrames(fault: Fault, limit: number): Frame[] {
  const frames = fault.frames ?? [];
  const real = frames.filter((frame) => !frame.inlined);
  const named = real.find((frame) => plainName(frame.function) === fault.function);
  const first = named ?? real[guiltyIndex(real, fault.class)];
  if (first === undefined) return [];
  let start = frames.indexOf(first);
  while (frames[start - 1]?.inlined === true) start -= 1;
  let left = limit;
  const end = frames.findIndex((frame, index) => index >= start && !frame.inlined && (left -= 1) === 0);
  return frames.slice(start, end < 0 ? undefined : end + 1);
}

/** `CPU 0, task sh/71`; empty where the report does not say. */
export function faultPlace(fault: Fault): string {
  const cpu = typeof fault.cpu === 'number' ? [`CPU ${fault.cpu}`] : [];
  const task = typeof fault.task === 'string' ? [`task ${harmless(fault.task)}`] : [];
  return [...cpu, ...task].join(', ');
}

/** All frames, as lines for a file. */
export const stackLines = (fault: Fault): string[] => (fault.frames ?? []).map((frame) => `  ${frameText(frame)}`);
