import { expect } from 'chai';
import { describe, it } from 'mocha';
import { ConnectRequest } from '#libs/contracts/agent.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { RetryTasksRequest, StartWorkloadRequest } from '#libs/contracts/session.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { textBounds } from './text-bounds.ts';

const LONG = 'a.'.repeat(60_000);
const checkOf = textBounds(descriptorImage());

/** The fields that are refused. */
const refused = (path: string, request: object): string[] => {
  try {
    checkOf(path)(request);
    return [];
  } catch (thrown) {
    return isDomainError(thrown) ? thrown.violations.map(({ field }) => field) : [String(thrown)];
  }
};

describe('textBounds', () => {
  const workloads = '/muster.session.v1.WorkloadService';

  it('names each text of a request that is too long, also within messages and choices', () => {
    const request = StartWorkloadRequest.fromPartial({
      objectId: LONG,
      requestId: 'r-1',
      spec: { $case: 'render', value: { engine: LONG, allowedMissing: ['*.png', LONG] } },
    });
    expect(refused(`${workloads}/StartWorkload`, request)).to.have.members([
      'object_id',
      'render.engine',
      'render.allowed_missing',
    ]);
  });

  it('allows what a field states for itself', () => {
    const retry = (chars: number) =>
      refused(
        `${workloads}/RetryTasks`,
        RetryTasksRequest.fromPartial({ frames: '1,'.repeat(chars / 2) }),
      );
    expect(retry(65_536)).to.deep.equal([]);
    expect(retry(65_538)).to.deep.equal(['frames']);
  });

  it('bounds lists, also of numbers, and allows what a field states for itself', () => {
    const states = Array.from({ length: 1_000_000 }, () => 1);
    expect(refused(`${workloads}/ListTasks`, { workloadId: 'w-1', states })).to.deep.equal([
      'states',
    ]);
    const project = (files: number) =>
      refused('/muster.blob.v1.ObjectService/CreateProject', {
        mainPath: 'a',
        files: Array.from({ length: files }, () => ({ path: LONG })),
      });
    expect(project(20_001)).to.deep.equal(['files']);
    expect(project(20_000)).to.include('files.path');
  });

  it('looks at masks, which are decoded as lists', () => {
    const put = (...updateMask: string[]) =>
      refused('/muster.session.v1.CustomerService/PutCustomer', { updateMask });
    expect(put('plan')).to.deep.equal([]);
    expect(put('plan', LONG)).to.deep.equal(['update_mask.paths']);
    expect(put(...Array.from({ length: 5_000 }, () => 'plan'))).to.deep.equal([
      'update_mask.paths',
    ]);
  });

  it('looks at what agents say too', () => {
    const hello = ConnectRequest.fromPartial({
      message: { $case: 'hello', value: { agentVersion: LONG } },
    });
    const fields = refused('/muster.agent.v1.AgentService/Connect', hello);
    expect(fields).to.deep.equal(['hello.agent_version']);
  });

  it('lets whatever it does not know pass to those who do', () => {
    expect(refused('/other.v1.Service/Call', { text: LONG })).to.deep.equal([]);
  });
});
