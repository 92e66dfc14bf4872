import { expect } from 'chai';
import { attemptToken, parseMeshSecret, workloadKey } from '#libs/auth/index.ts';
import { MESH_SECRET } from '#libs/testing/index.ts';
import { createAttemptTokens } from './attempt-tokens.ts';

const secret = parseMeshSecret(MESH_SECRET);
const fields = { task: 'frames/17', generation: 2, attempt: '9-41', user: 'm-1' };

describe('createAttemptTokens', () => {
  it('knows its own tokens and those of an earlier owner', () => {
    const tokens = createAttemptTokens(secret, 'w-1');
    const earlier = attemptToken(workloadKey(secret, 'w-1'), fields);
    expect(tokens.isMade(fields, earlier)).to.equal(true);
    const token = tokens.make(fields);
    expect(token).to.deep.equal(Buffer.from(earlier));
    expect(tokens.isMade(fields, token)).to.equal(true);
  });

  it('takes a token for nothing but its own attempt', () => {
    const tokens = createAttemptTokens(secret, 'w-1');
    const token = tokens.make(fields);
    const others = [
      { task: 'frames/18' },
      { generation: 3 },
      { attempt: '9-42' },
      { user: 'm-2' },
    ].map((change) => ({ ...fields, ...change }));
    others.slice(2).forEach((other) => tokens.make(other));
    for (const other of others) {
      expect(tokens.isMade(other, token), JSON.stringify(other)).to.equal(false);
    }
    for (const wrong of [
      new Uint8Array(16),
      token.subarray(0, 15),
      Buffer.concat([token, token]),
    ]) {
      expect(tokens.isMade(fields, wrong)).to.equal(false);
    }
    expect(createAttemptTokens(secret, 'w-2').isMade(fields, token)).to.equal(false);
  });

  it('still checks tokens that it no longer remembers', () => {
    const tokens = createAttemptTokens(secret, 'w-1');
    const first = tokens.make(fields);
    for (let counter = 0; counter < 10_000; counter += 1) {
      tokens.make({ ...fields, attempt: `9-${100 + counter}` });
    }
    expect(tokens.isMade(fields, first)).to.equal(true);
  });
});
