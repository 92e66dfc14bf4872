import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { status } from './status.ts';
import {
  DomainError,
  fromProtoStatus,
  fromServiceError,
  invalidFields,
  toProtoStatus,
  toServiceError,
  unavailable,
} from './index.ts';

/** An error as a grpc-js client throws it. */
const asThrown = ({ code, details, metadata }: ReturnType<typeof toServiceError>): Error =>
  Object.assign(new Error(`${code}: ${details}`), { code, details, metadata });

describe('invalidFields', () => {
  it('names every wrong field in the message and as violations', () => {
    const error = invalidFields([
      { field: 'spec.frames', description: 'must not be empty' },
      { field: 'wanted_users', description: 'must be at least 0' },
    ]);
    expect(error.code).to.equal(status.INVALID_ARGUMENT);
    expect(error.reason).to.equal('INVALID_FIELDS');
    expect(error.message).to.equal(
      'spec.frames: must not be empty; wanted_users: must be at least 0',
    );
    expect(error.violations).to.have.length(2);
  });
});

describe('unavailable', () => {
  it('names the dependency and asks for a retry after a second by default', () => {
    const error = unavailable('mongodb', 'the database does not answer');
    expect(error).to.include({
      code: status.UNAVAILABLE,
      reason: 'DEPENDENCY_UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    expect(error.metadata).to.deep.equal({ dependency: 'mongodb' });
    expect(unavailable('nats', 'away', { retryAfterMs: 250 }).retryAfterMs).to.equal(250);
  });
});

describe('toServiceError', () => {
  it('carries a whole DomainError, which fromServiceError reads back', () => {
    const error = new DomainError(
      status.RESOURCE_EXHAUSTED,
      'PORT_POOL_EXHAUSTED',
      'all 6 ports of pool Körbchen are leased; release one or wait',
      { pool: 'Körbchen', size: 6 },
      { retryAfterMs: 1_250, violations: [{ field: 'pool', description: 'full' }] },
    );
    const read = fromServiceError(asThrown(toServiceError(error)));
    expect(read).to.be.instanceOf(DomainError);
    expect(read).to.include({
      code: error.code,
      reason: error.reason,
      message: error.message,
      retryAfterMs: 1_250,
    });
    expect(read.metadata).to.deep.equal({ pool: 'Körbchen', size: '6' });
    expect(read.violations).to.deep.equal([{ field: 'pool', description: 'full' }]);
  });

  it('puts exactly one ErrorInfo of domain muster into the status, whose message equals grpc-message', () => {
    const error = new DomainError(status.NOT_FOUND, 'X_UNKNOWN', 'no x');
    const proto = toProtoStatus(error);
    expect(proto.details.map(({ typeUrl }) => typeUrl)).to.deep.equal([
      'type.googleapis.com/google.rpc.ErrorInfo',
    ]);
    expect(proto.message).to.equal(toServiceError(error).details);
  });

  it('turns an unknown throwable into INTERNAL with a fixed text', () => {
    for (const thrown of [
      new TypeError('password=hunter2'),
      'hunter2',
      undefined,
      null,
      { code: 5, details: 'hunter2' },
    ]) {
      const { code, details, metadata } = toServiceError(thrown);
      expect({ code, details }).to.deep.equal({ code: status.INTERNAL, details: 'internal error' });
      expect(String(metadata.get('grpc-status-details-bin')[0])).not.to.include('hunter2');
    }
  });

  it('keeps the cause to itself', () => {
    const error = unavailable('nats', 'away', { cause: new Error('nats://user:hunter2@host') });
    expect(JSON.stringify(toProtoStatus(error)) + toServiceError(error).details).not.to.include(
      'hunter2',
    );
  });

  it('stays within the size of trailers for any input, and never carries half a character', () => {
    const violations = Array.from({ length: 5_000 }, (_, i) => ({
      field: `f${i}`,
      description: '😀'.repeat(500),
    }));
    const error = new DomainError(
      status.INVALID_ARGUMENT,
      'R',
      'x\ud800'.repeat(9_000),
      { v: 'y'.repeat(9_000) },
      { violations },
    );
    const { details, metadata } = toServiceError(error);
    expect(details.length).to.be.at.most(1_024);
    expect(() => encodeURI(details)).not.to.throw();
    expect(Buffer.byteLength(metadata.get('grpc-status-details-bin')[0] ?? '')).to.be.below(
      12 * 1_024,
    );
    expect(
      fromServiceError(asThrown({ code: error.code, details, metadata })).violations.length,
    ).to.be.above(1);
  });
});

describe('fromServiceError', () => {
  it('gives a plain gRPC error the name of its code as reason', () => {
    const read = fromServiceError(
      asThrown({ code: status.UNAVAILABLE, details: 'gone', metadata: new Metadata() }),
    );
    expect(read).to.include({ code: status.UNAVAILABLE, reason: 'UNAVAILABLE', message: 'gone' });
  });

  it('falls back to the code when the details are malformed or contradict it', () => {
    const broken = new Metadata();
    broken.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    const other = toServiceError(
      new DomainError(status.NOT_FOUND, 'WORKLOAD_UNKNOWN', 'no'),
    ).metadata;
    for (const metadata of [broken, other]) {
      const read = fromServiceError(asThrown({ code: status.ABORTED, details: 'gone', metadata }));
      expect(read).to.include({ code: status.ABORTED, reason: 'ABORTED', message: 'gone' });
    }
  });

  it('keeps a DomainError, and turns anything else into UNKNOWN with its cause', () => {
    const error = new DomainError(status.NOT_FOUND, 'X', 'no');
    const cause = new TypeError('odd');
    expect(fromServiceError(error)).to.equal(error);
    expect(fromServiceError(cause)).to.include({ code: status.UNKNOWN, reason: 'UNKNOWN', cause });
  });
});

describe('fromProtoStatus', () => {
  it('reads OK and unknown codes as UNKNOWN', () => {
    for (const code of [0, 17, -1, 2 ** 31]) {
      expect(fromProtoStatus({ code, message: 'm', details: [] })).to.include({
        code: status.UNKNOWN,
        reason: 'UNKNOWN',
      });
    }
  });
});
