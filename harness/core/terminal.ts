/** The user's terminal handed to a remote shell: raw keys in, bytes out, size changes passed on. */
import type { Duplex } from 'node:stream';

export interface RemoteTerminal extends Duplex {
  setWindow(rows: number, columns: number, height: number, width: number): void;
}

export const terminalSize = (): { columns: number; rows: number } => ({
  columns: process.stdout.columns || 80,
  rows: process.stdout.rows || 24,
});

/** Joins stdin and stdout to the channel until it closes. Ctrl+C goes to the remote side. */
export async function attachTerminal(channel: RemoteTerminal): Promise<void> {
  const { stdin, stdout } = process;
  const resize = (): void => {
    const { columns, rows } = terminalSize();
    channel.setWindow(rows, columns, 0, 0);
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdout.on('resize', resize);
  stdin.pipe(channel);
  channel.pipe(stdout, { end: false });
  try {
    await new Promise<void>((done) => {
      channel.once('close', done);
    });
  } finally {
    stdout.off('resize', resize);
    stdin.unpipe(channel);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  }
}
