/** What was sent where, kept in the run folder: who submits again after an interrupt is told so, and sends nothing twice. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../results/atomic.ts';

const Submission = z.object({
  url: z.string(),
  /** Of the document: another one is another submission. */
  sha256: z.string(),
  id: z.string(),
  status: z.enum(['sent', 'processed', 'failed']),
});

export type Submission = z.infer<typeof Submission>;

const FILE = 'kcidb-submissions.json';

export const sha256Of = (body: string): string => createHash('sha256').update(body).digest('hex');

/** None where the file is missing or damaged: sending again does no harm. */
export function readSubmissions(folder: string): Submission[] {
  try {
    return z.array(Submission).parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return [];
  }
}

/** One entry an address and document; @throws MmapvetError FILE_WRITE */
export function recordSubmission(folder: string, submission: Submission): void {
  const others = readSubmissions(folder).filter(
    ({ url, sha256 }) => url !== submission.url || sha256 !== submission.sha256,
  );
  writeFileAtomic(join(folder, FILE), `${JSON.stringify([...others, submission], null, 2)}\n`);
}
