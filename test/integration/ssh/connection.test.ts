import ssh2 from 'ssh2';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SshConnection } from '../../../harness/ssh/connection.ts';

const { Server, utils } = ssh2;
const NEVER = new AbortController().signal;
const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

const hostKey = utils.generateKeyPairSync('ed25519');
const clientKey = utils.generateKeyPairSync('ed25519');

function publicBlob(openssh: string): Buffer {
  return Buffer.from(openssh.split(' ')[1] ?? '', 'base64');
}

/** A server in this process; `behave` plays the guest's side of each command. */
async function serve(
  behave: (command: string, channel: ssh2.ServerChannel, client: ssh2.Connection) => void,
): Promise<number> {
  const clients = new Set<ssh2.Connection>();
  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('authentication', (context) => {
      const right = context.method === 'publickey' && context.key.data.equals(publicBlob(clientKey.public));
      if (right) context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, info) => behave(info.command, acceptExec(), client));
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  cleanups.push(() => {
    for (const client of clients) client.end();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const connect = (port: number, key = hostKey.public): Promise<SshConnection> =>
  SshConnection.connect({ port, privateKey: clientKey.private, hostPublic: publicBlob(key) }, NEVER);

test('a guest that hangs up in order before anything came of it: an error, not a wait', async () => {
  let asked = 0;
  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    asked += 1;
    client.on('error', () => {});
    client.end();
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  cleanups.push(() => server.close());
  await expect(connect((server.address() as AddressInfo).port)).rejects.toMatchObject({ code: 'SSH_CONNECT' });
  expect(asked).toBe(4);
});

test('commands: output, exit code, several at once over one connection', async () => {
  const port = await serve((command, channel) => {
    channel.write(`ran ${command}`);
    channel.stderr.write('warned');
    channel.exit(command === 'bad' ? 3 : 0);
    channel.end();
  });
  await using connection = await connect(port);
  const [good, bad] = await Promise.all([
    connection.exec({ command: 'good', timeoutMs: 5000 }),
    connection.exec({ command: 'bad', timeoutMs: 5000 }),
  ]);
  expect(good).toEqual({ end: { kind: 'exit', code: 0 }, stdout: 'ran good', stderr: 'warned' });
  expect(bad.end).toEqual({ kind: 'exit', code: 3 });
});

test('another host key is refused and never retried', async () => {
  let connections = 0;
  const port = await serve(() => (connections += 1));
  const other = utils.generateKeyPairSync('ed25519');
  await expect(connect(port, other.public)).rejects.toMatchObject({ code: 'SSH_HOST_KEY' });
  expect(connections).toBe(0);
});

test('a port where nothing listens: an error with a hint', async () => {
  const port = await serve(() => {});
  cleanups.splice(0).forEach((cleanup) => cleanup());
  await expect(connect(port)).rejects.toMatchObject({ code: 'SSH_CONNECT' });
});

test('a command that never ends: timeout, and the connection still works', async () => {
  const port = await serve((command, channel) => {
    if (command === 'endless') return;
    channel.exit(0);
    channel.end();
  });
  await using connection = await connect(port);
  expect((await connection.exec({ command: 'endless', timeoutMs: 100 })).end).toEqual({ kind: 'timeout' });
  expect((await connection.exec({ command: 'next', timeoutMs: 5000 })).end).toEqual({ kind: 'exit', code: 0 });
});

test('a connection that breaks in the middle: lost, with what had come', async () => {
  const port = await serve((_, channel, client) => {
    channel.write('half');
    setTimeout(() => client.end(), 50);
  });
  await using connection = await connect(port);
  const result = await connection.exec({ command: 'x', timeoutMs: 5000 });
  expect(result.end.kind).toBe('lost');
  expect(result.stdout).toBe('half');
  expect((await connection.exec({ command: 'y', timeoutMs: 5000 })).end.kind).toBe('lost');
});

test('a command ended by a signal says which', async () => {
  const port = await serve((_, channel) => {
    channel.exit('KILL', false, '');
    channel.end();
  });
  await using connection = await connect(port);
  expect((await connection.exec({ command: 'x', timeoutMs: 5000 })).end).toEqual({ kind: 'signal', signal: 'SIGKILL' });
});

test('a flood is passed on but kept only up to the limit', async () => {
  const port = await serve((_, channel) => {
    for (let i = 0; i < 50; i += 1) channel.write('x'.repeat(10_000));
    channel.exit(0);
    channel.end();
  });
  await using connection = await connect(port);
  let passed = 0;
  const result = await connection.exec({
    command: 'flood',
    timeoutMs: 5000,
    keep: 1000,
    onStdout: (text) => (passed += text.length),
  });
  expect(result.stdout).toHaveLength(1000);
  expect(passed).toBe(500_000);
});

test('a connection that was made ahead and broke: another one is made', async () => {
  const port = await serve((_command, channel) => {
    channel.exit(0);
    channel.end();
  });
  const broken = createServer((socket) => void socket.destroy());
  await new Promise<void>((done) => {
    broken.listen(0, '127.0.0.1', done);
  });
  cleanups.push(() => void broken.close());
  const socket = createConnection({ host: '127.0.0.1', port: (broken.address() as AddressInfo).port });
  socket.on('error', () => {});
  const target = { port, privateKey: clientKey.private, hostPublic: publicBlob(hostKey.public), socket };
  await using connection = await SshConnection.connect(target, NEVER);
  expect((await connection.exec({ command: 'good', timeoutMs: 5000 })).end).toEqual({ kind: 'exit', code: 0 });
});
