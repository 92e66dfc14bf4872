import { createHmac, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  attemptToken,
  hmac,
  parseMeshSecret,
  signGrant,
  signReceipt,
  verifyAttemptToken,
  verifyGrant,
  verifyReceipt,
  workloadKey,
} from './proofs.ts';

const secret = parseMeshSecret('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');
const fields = { task: 'frames/17', generation: 0, attempt: '3-41', user: 'm-1' };

describe('attemptToken', () => {
  const key = workloadKey(secret, 'w-1');

  it('is the head of a documented HMAC, which stays the same when the code changes', () => {
    const derived = createHmac('sha256', secret).update('workload\n3:w-1').digest();
    const expected = createHmac('sha256', derived)
      .update('attempt\n9:frames/17\n1:0\n4:3-41\n3:m-1')
      .digest();
    expect(Buffer.from(attemptToken(key, fields))).to.deep.equal(expected.subarray(0, 16));
  });

  it('is valid for its own workload, task, generation, attempt and user only', () => {
    const token = attemptToken(key, fields);
    expect(verifyAttemptToken(key, fields, token)).to.equal(true);
    expect(verifyAttemptToken(workloadKey(secret, 'w-2'), fields, token)).to.equal(false);
    for (const change of [
      { task: 'frames/18' },
      { generation: 1 },
      { attempt: '3-42' },
      { user: 'm-2' },
    ]) {
      expect(
        verifyAttemptToken(key, { ...fields, ...change }, token),
        JSON.stringify(change),
      ).to.equal(false);
    }
  });

  it('refuses tokens of any other length, and any changed bit', () => {
    const token = attemptToken(key, fields);
    for (const length of [0, 15, 17, 32]) {
      expect(verifyAttemptToken(key, fields, new Uint8Array(length))).to.equal(false);
    }
    for (let bit = 0; bit < 128; bit += 1) {
      const changed = Uint8Array.from(token);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verifyAttemptToken(key, fields, changed)).to.equal(false);
    }
  });
});

describe('receipts', () => {
  const receipt = {
    path: 'results/w-1/frames/17/0-3-41.png',
    sha256: 'ab'.repeat(32),
    sizeBytes: 10,
  };

  it('are valid for their path, hash and size only', () => {
    const signature = signReceipt(secret, receipt);
    expect(verifyReceipt(secret, receipt, signature)).to.equal(true);
    expect(verifyReceipt(secret, { ...receipt, path: 'x' }, signature)).to.equal(false);
    expect(verifyReceipt(secret, { ...receipt, sha256: 'cd'.repeat(32) }, signature)).to.equal(
      false,
    );
    expect(verifyReceipt(secret, { ...receipt, sizeBytes: 11 }, signature)).to.equal(false);
    expect(verifyReceipt(secret, receipt, signature.subarray(1))).to.equal(false);
  });

  it('give the same signature for a secret held as bytes', () => {
    expect(signReceipt(secret.export(), receipt)).to.deep.equal(signReceipt(secret, receipt));
  });
});

describe('grants', () => {
  it('are valid for one blob and one holder, and not for a customer named like a machine', () => {
    const grant = { blob: 'uploads/c1/b-1', machine: 'm-1' };
    const signature = signGrant(secret, grant);
    expect(verifyGrant(secret, grant, signature)).to.equal(true);
    expect(verifyGrant(secret, { ...grant, machine: 'm-2' }, signature)).to.equal(false);
    expect(verifyGrant(secret, { ...grant, blob: 'uploads/c1/b-2' }, signature)).to.equal(false);
    expect(verifyGrant(secret, { blob: grant.blob, customer: 'm-1' }, signature)).to.equal(false);
    expect(verifyGrant(secret, grant, new Uint8Array(0))).to.equal(false);
  });
});

describe('hmac', () => {
  it('keeps apart fields that would run together', () => {
    expect(hmac(secret, 'p', ['a\n1:b', 'c'])).not.to.deep.equal(
      hmac(secret, 'p', ['a', 'b\n1:c']),
    );
    expect(hmac(secret, 'p', ['ab', ''])).not.to.deep.equal(hmac(secret, 'p', ['a', 'b']));
  });
});

describe('parseMeshSecret', () => {
  it('takes hexadecimal and base64 of at least 32 bytes and nothing else', () => {
    const bytes = randomBytes(32);
    expect(parseMeshSecret(`${bytes.toString('hex')}\n`).export()).to.deep.equal(bytes);
    expect(parseMeshSecret(bytes.toString('base64')).export()).to.deep.equal(bytes);
    for (const bad of [
      '',
      'short',
      randomBytes(31).toString('hex'),
      'a secret, or so '.repeat(5),
    ]) {
      expect(() => parseMeshSecret(bad), bad).to.throw(TypeError);
    }
  });
});
