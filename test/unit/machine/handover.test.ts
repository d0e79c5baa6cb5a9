import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeys, dropbearKey, handoverMessage } from '../../../harness/machine/handover.ts';

test("dropbear's key format: name, then seed and public key as one string", () => {
  const key = dropbearKey(Buffer.alloc(32, 1), Buffer.alloc(32, 2));
  expect(key.toString('hex')).toBe(
    `0000000b${Buffer.from('ssh-ed25519').toString('hex')}00000040${'01'.repeat(32)}${'02'.repeat(32)}`,
  );
});

test('the public key that the client expects belongs to the private key that the guest gets', () => {
  const keys = createKeys();
  const seed = keys.hostPrivate.subarray(-64, -32);
  const publicKey = keys.hostPublic.subarray(-32);
  const open = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
  const jwk = { ...open, d: seed.toString('base64url') };
  const message = Buffer.from('m');
  const signature = sign(null, message, createPrivateKey({ key: jwk, format: 'jwk' }));
  expect(verify(null, message, createPublicKey({ key: open, format: 'jwk' }), signature)).toBe(true);
});

test('no two guests share a key or a seed', () => {
  const [a, b] = [createKeys(), createKeys()];
  expect(a.hostPrivate.equals(b.hostPrivate)).toBe(false);
  expect(a.clientPrivate).not.toBe(b.clientPrivate);
  const now = new Date(0);
  expect(handoverMessage(a, now).equals(handoverMessage(a, now))).toBe(false);
});

test('the message: items in order, each with its size, the seed first and go last', () => {
  const keys = { ...createKeys(), hostPrivate: Buffer.from('HOST'), clientPublic: 'ssh-ed25519 AAAA mmapvet' };
  expect(handoverMessage(keys, new Date(1_700_000_000_500), Buffer.from('SEED')).toString()).toBe(
    'seed 4\nSEEDclock 10\n1700000000hostkey 4\nHOSTauthorized 25\nssh-ed25519 AAAA mmapvet\ngo 0\n',
  );
});
