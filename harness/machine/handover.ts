/**
 * What belongs to one guest only: its host key, the client key that may log in, random seed and clock. It goes over a
 * virtio-serial port after the boot (guest/rootfs/handover.c), so that an image, or a snapshot, holds none of it.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';

export interface GuestKeys {
  /** The client's private key, OpenSSH format: handed to ssh2, or written to a file for the user's own ssh. */
  readonly clientPrivate: string;
  readonly clientPublic: string;
  /** The host's private key in dropbear's format. */
  readonly hostPrivate: Buffer;
  /** The host's public key as SSH sends it: what the client must see. */
  readonly hostPublic: Buffer;
}

const KEY_TYPE = 'ssh-ed25519';

function sshString(data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
}

/** Dropbear keeps an Ed25519 key as its name, then seed and public key in one string (its src/ed25519.c). */
export function dropbearKey(seed: Uint8Array, publicKey: Uint8Array): Buffer {
  return Buffer.concat([sshString(Buffer.from(KEY_TYPE)), sshString(Buffer.concat([seed, publicKey]))]);
}

export function createKeys(): GuestKeys {
  const host = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(host.d ?? '', 'base64url');
  const publicKey = Buffer.from(host.x ?? '', 'base64url');
  const client = clientKey();
  return {
    clientPrivate: client.private,
    clientPublic: client.public,
    hostPrivate: dropbearKey(seed, publicKey),
    hostPublic: Buffer.concat([sshString(Buffer.from(KEY_TYPE)), sshString(publicKey)]),
  };
}

/** ssh2 1.17.0 makes a key now and then that it can't read itself (one of some hundred): then another one is made. */
function clientKey(): { readonly private: string; readonly public: string } {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'mmapvet' });
    if (!(ssh2.utils.parseKey(key.private) instanceof Error)) return key;
  }
}

/** Bytes of seed: what a full reseed of the kernel's generator takes. */
const SEED_BYTES = 64;

/** The items in the order in which the guest takes them; see guest/rootfs/handover.c. */
export function handoverMessage(
  keys: GuestKeys,
  now: Date = new Date(),
  seed: Buffer = randomBytes(SEED_BYTES),
): Buffer {
  const items: [string, Buffer][] = [
    ['seed', seed],
    ['clock', Buffer.from(String(Math.floor(now.getTime() / 1000)))],
    ['hostkey', keys.hostPrivate],
    ['authorized', Buffer.from(`${keys.clientPublic}\n`)],
    ['go', Buffer.alloc(0)],
  ];
  return Buffer.concat(items.flatMap(([name, data]) => [Buffer.from(`${name} ${data.length}\n`), data]));
}
