/** The id that git gives a file's content, whether or not there is a git. */
import { createHash } from 'node:crypto';

export function blobId(content: string | Buffer, algorithm = 'sha1'): string {
  const bytes = Buffer.from(content);
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
