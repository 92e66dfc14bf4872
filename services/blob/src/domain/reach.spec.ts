import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { BlobName } from '#libs/mesh/index.ts';
import { ownerFolder } from './names.ts';
import { mayRead, type Reader } from './reach.ts';

const alices: BlobName = { kind: 'upload', owner: ownerFolder('alice'), id: 'b-1' };
const result: BlobName = {
  kind: 'log',
  workload: 'w-1',
  task: 'frames/1',
  generation: 0,
  attempt: '0-1',
};
const reader = (role: Reader['role'], subject = 'alice'): Reader => ({ role, subject });

describe('mayRead', () => {
  it('lets operators and services read everything', () => {
    for (const role of ['operator', 'service'] as const) {
      expect(mayRead(reader(role), result, false)).to.equal(true);
    }
  });

  it('lets customers read their own uploads, and with a grant its blob', () => {
    expect(mayRead(reader('customer'), alices, false)).to.equal(true);
    expect(mayRead(reader('customer', 'bob'), alices, false)).to.equal(false);
    expect(mayRead(reader('customer', 'bob'), alices, true)).to.equal(true);
    expect(mayRead(reader('customer'), result, false)).to.equal(false);
  });

  it('lets agents read nothing without a grant, whatever they are called', () => {
    expect(mayRead(reader('agent'), alices, false)).to.equal(false);
    expect(mayRead(reader('agent'), alices, true)).to.equal(true);
  });
});
