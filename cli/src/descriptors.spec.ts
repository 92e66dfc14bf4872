import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  WorkloadServiceService,
  WorkloadState,
  WatchWorkloadResponse,
} from '#libs/contracts/session.ts';
import { decodeJson, encodeJson, findMethod, responseJson } from './descriptors.ts';

describe('findMethod', () => {
  it('finds an rpc by its full and its short name, in every notation of other tools', () => {
    const names = [
      'muster.session.v1.WorkloadService/GetWorkload',
      '/muster.session.v1.WorkloadService/GetWorkload',
      'muster.session.v1.WorkloadService.GetWorkload',
      'WorkloadService/GetWorkload',
    ];
    expect(new Set(names.map((name) => findMethod(name))).size).to.equal(1);
  });

  it('names what there is if it finds nothing, and asks back if it finds several', () => {
    expect(() => findMethod('WorkloadService')).to.throw('not SERVICE/METHOD');
    expect(() => findMethod('NoService/X')).to.throw('muster.session.v1.WorkloadService');
    expect(() => findMethod('WorkloadService/X')).to.throw('GetWorkload');
    expect(() => findMethod('ServerReflection/ServerReflectionInfo')).to.throw('write it in full');
  });
});

describe('proto3 JSON', () => {
  it('writes counts that are zero, enums by name, 64-bit integers as text, spans and instants as the standard says', () => {
    const seen = WatchWorkloadResponse.fromPartial({
      workload: {
        workloadId: 'w-1',
        state: WorkloadState.RUNNING,
        createTime: new Date(Date.UTC(2025, 0, 1)),
        revision: 7,
      },
      eta: { seconds: 2, nanos: 500_000_000 },
    });
    const json = responseJson(WorkloadServiceService.watchWorkload, seen);
    expect(json).to.include({ activeUsers: 0, eta: '2.500s', revision: '0' });
    expect(json).to.have.property('workload').that.includes({
      state: 'WORKLOAD_STATE_RUNNING',
      completed: 0,
      createTime: '2025-01-01T00:00:00Z',
      revision: '7',
    });
  });

  it('goes to the wire and back', () => {
    const { input } = findMethod('WorkloadService/StartWorkload');
    const request = {
      objectId: 'o-1',
      render: { frames: '1-10', order: 'RENDER_ORDER_COARSE_FIRST' },
      wantedUsers: 0,
    };
    expect(decodeJson(input, encodeJson(input, request))).to.deep.include({
      objectId: 'o-1',
      wantedUsers: 0,
    });
  });

  it('names the field that does not fit', () => {
    const { input } = findMethod('WorkloadService/StartWorkload');
    expect(() => encodeJson(input, { wantedUser: 1 }))
      .to.throw('wantedUser')
      .with.property('reason', 'REQUEST_MALFORMED');
  });
});
