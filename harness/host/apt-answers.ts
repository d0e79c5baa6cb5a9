/**
 * What apt said about package lists that are still the same: a question takes three or four processes, a tenth of a second
 * each on a busy host, and every run asks the same ones.
 */
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../core/read-json.ts';

/** Kept beside the stamp of the lists that the answers are about. */
const Answers = z.object({ lists: z.string(), answers: z.record(z.string(), z.array(z.string())) });
type Answers = z.infer<typeof Answers>;

/**
 * @param folder apt's own folder; `updated` in it is written anew with the lists
 * @param ask called where the answer is not known
 */
export async function answerOf(
  folder: string,
  question: string,
  ask: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const file = join(folder, 'answers.json');
  const lists = await stampOf(folder);
  const known = await readAnswers(file, lists);
  const before = known.answers[question];
  if (before !== undefined) return before;
  const answer = await ask();
  // Lists that were fetched meanwhile may be those that were asked, or not.
  if (lists === '' || (await stampOf(folder)) !== lists) return answer;
  const all: Answers = { lists, answers: { ...known.answers, [question]: [...answer] } };
  await writeFile(`${file}.${process.pid}`, JSON.stringify(all));
  await rename(`${file}.${process.pid}`, file);
  return answer;
}

async function stampOf(folder: string): Promise<string> {
  const stamp = join(folder, 'updated');
  try {
    return `${(await stat(stamp)).mtimeMs} ${await readFile(stamp, 'utf8')}`;
  } catch {
    return '';
  }
}

/** None where they are about other lists, or unreadable. */
async function readAnswers(file: string, lists: string): Promise<Answers> {
  const kept = Answers.safeParse(await readJson(file)).data;
  return lists !== '' && kept?.lists === lists ? kept : { lists, answers: {} };
}
