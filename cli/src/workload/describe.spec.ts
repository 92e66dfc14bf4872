import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Workload, WorkloadState } from '#libs/contracts/session.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { printWorkload } from './describe.ts';

describe('printWorkload', () => {
  const shown = (state: WorkloadState): string => {
    const workload = Workload.fromPartial({
      state,
      total: 12,
      completed: 2,
      remaining: 10,
      spec: { $case: 'noop', value: {} },
    });
    const steps = ['mesh', 'solve'].map((node) => ({
      node,
      total: 6,
      completed: 1,
      failed: 0,
      remaining: 5,
    }));
    const { cli, said } = testCli();
    printWorkload(createOutput(cli, false), workload, steps, []);
    return said.stdout;
  };

  it('says what is to do while it is, and what is not done after the end', () => {
    expect(shown(WorkloadState.RUNNING))
      .to.include('2 of 12 done, 0 failed, 10 to do (')
      .and.include('TO DO');
    for (const state of [WorkloadState.FAILED, WorkloadState.STOPPED]) {
      expect(shown(state))
        .to.include('2 of 12 done, 0 failed, 10 not done (')
        .and.include('NOT DONE')
        .and.not.include('to do');
    }
  });
});
