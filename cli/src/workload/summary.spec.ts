import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RenderSpec } from '#libs/contracts/common.ts';
import { Workload, WorkloadState } from '#libs/contracts/session.ts';
import { testCli } from '../fixtures/test-cli.ts';
import { createOutput } from '../output.ts';
import { printSummary, summaryEvent } from './summary.ts';

const workload = Workload.fromPartial({
  workloadId: 'w-1',
  state: WorkloadState.COMPLETED,
  spec: { $case: 'render', value: RenderSpec.fromPartial({}) },
  total: 24,
  completed: 24,
  shares: [
    { userId: 'm-1', userName: 'ann', completed: 14, seconds: 42 },
    { userId: 'm-2', userName: 'bob', completed: 8, seconds: 24 },
    { userId: 'm-3', userName: 'ann', completed: 2, seconds: 6 },
  ],
});

describe('summary', () => {
  it('is the promised last event, with machines of one name together', () => {
    expect(summaryEvent({ workload, wallSeconds: 30.04 })).to.deep.equal({
      event: 'completed',
      workload: 'w-1',
      frames: 24,
      failed: 0,
      seconds: 30,
      users: {
        ann: 16,
        bob: 8,
      },
    });
  });

  it('carries the reason of a failure and of a stop', () => {
    const failed = {
      ...workload,
      state: WorkloadState.FAILED,
      failed: 1,
      reason: 'FRAMES_FAILED',
      reasonMessage: 'frame 7',
    };
    expect(summaryEvent({ workload: failed, wallSeconds: 1 })).to.include({
      event: 'failed',
      failed: 1,
      reason: 'FRAMES_FAILED',
    });
    const stopped = { ...workload, state: WorkloadState.STOPPED, reason: 'STOPPED_BY_COMMAND' };
    expect(summaryEvent({ workload: stopped, wallSeconds: 1 })).to.include({
      event: 'stopped',
      reason: 'STOPPED_BY_COMMAND',
    });
  });

  it('tells people who rendered what, and what it saved', () => {
    const { cli, said } = testCli();
    printSummary(createOutput(cli, false), { workload, wallSeconds: 30 });
    expect(said.stdout).to.include('ann       14   58 %  42.0 s      3.0 s');
    expect(said.stdout).to.include(
      '24 frames in 30.0 s; one machine would have worked 1 min 12 s, so 42.0 s were saved.',
    );
  });

  it('says how many further files were fetched, if any', () => {
    const { cli, said } = testCli();
    const summary = { workload, wallSeconds: 30, furtherFiles: 48 };
    printSummary(createOutput(cli, false), summary);
    expect(said.stdout).to.include('fetched 48 further files beside the frames\n');
    expect(summaryEvent(summary)).to.include({ furtherFiles: 48 });
    expect(summaryEvent({ ...summary, furtherFiles: 0 })).not.to.have.property('furtherFiles');
  });

  it('says what differs from what people may expect, and in how many frames', () => {
    const noted = {
      ...workload,
      notes: [{ text: 'denoising off: this Blender has none', results: 24 }],
    };
    const { cli, said } = testCli();
    printSummary(createOutput(cli, false), { workload: noted, wallSeconds: 30 });
    expect(said.stdout).to.include('note: denoising off: this Blender has none (24 frames)');
    expect(summaryEvent({ workload: noted, wallSeconds: 30 })).to.deep.include({
      notes: [{ text: 'denoising off: this Blender has none', results: 24 }],
    });
  });

  it('leaves out for people what they were told before', () => {
    const notes = [{ text: 'the file names the format BMP', results: 24 }];
    const { cli, said } = testCli();
    const summary = { workload: { ...workload, notes }, wallSeconds: 30 };
    printSummary(createOutput(cli, false), { ...summary, isTold: () => true });
    expect(said.stdout).not.to.include('BMP');
    expect(summaryEvent({ ...summary, isTold: () => true })).to.deep.include({ notes });
  });

  it('says which Blender rendered, and that it is newer than the one of the file', () => {
    const used = { engine: 'CYCLES', version: '4.5.15', device: 'CPU' };
    const told = (blenderVersion: string): string => {
      const { cli, said } = testCli();
      const rendered = { ...workload, blenderVersion, madeWith: [{ used, results: 24 }] };
      printSummary(createOutput(cli, false), { workload: rendered, wallSeconds: 30 });
      return said.stdout;
    };
    expect(told('4.5')).to.include('rendered by CYCLES of 4.5.15 on CPU\n');
    expect(told('4.5')).not.to.include('saved with');
    for (const older of ['4.4', '3.6', '2.79']) {
      expect(told(older)).to.include(`note: the file was saved with Blender ${older}`);
    }
  });

  it('shares out what was made, also where frames were made twice', () => {
    const twice = { ...workload, completed: 12 };
    const { cli, said } = testCli();
    printSummary(createOutput(cli, false), { workload: twice, wallSeconds: 30 });
    expect(said.stdout).to.include('58 %').and.not.to.include('117 %');
  });

  it('claims no saving where there was none', () => {
    const { cli, said } = testCli();
    printSummary(createOutput(cli, false), { workload, wallSeconds: 100 });
    expect(said.stdout).to.include('one machine would have worked 1 min 12 s.');
    expect(said.stdout).not.to.include('saved');
    // A small job: what was saved is less than half a second.
    const shares = [{ ...workload.shares[0]!, completed: 2, seconds: 2.2 }];
    const small = testCli();
    const summary = { workload: { ...workload, shares, completed: 2 }, wallSeconds: 2 };
    printSummary(createOutput(small.cli, false), summary);
    expect(small.said.stdout).to.include('one machine would have worked 2.2 s.\n');
  });
});
