import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RenderSpec } from '#libs/contracts/common.ts';
import { Workload } from '#libs/contracts/session.ts';
import { status } from '#libs/errors/index.ts';
import { selectTasks } from './selection.ts';

const render = Workload.fromPartial({
  workloadId: 'w-1',
  spec: { $case: 'render', value: RenderSpec.fromPartial({ frames: '1-10,20-40x2' }) },
});
const noop = Workload.fromPartial({
  workloadId: 'w-2',
  spec: { $case: 'noop', value: { tasks: 5 } },
});
const steps = Workload.fromPartial({
  workloadId: 'w-3',
  spec: {
    $case: 'noop',
    value: {
      nodes: [
        { id: 'mesh', tasks: 3 },
        { id: 'solve', tasks: 2 },
      ],
    },
  },
});

const refusal = (workload: Workload, text: string): unknown => {
  try {
    selectTasks(workload, text);
    return undefined;
  } catch (thrown) {
    return thrown;
  }
};

describe('selectTasks', () => {
  it('chooses frames as `render --frames` does', () => {
    const { has } = selectTasks(render, '3-5,20-30x2');
    const frames = [2, 3, 5, 20, 30, 32].filter((frame) => has({ task: `frames/${frame}` }));
    expect(frames).to.deep.equal([3, 5, 20, 30]);
  });

  it('takes the numbers of tasks of other work, and names of steps where there are several', () => {
    expect(selectTasks(noop, '0,4').has({ task: 'noop/4' })).to.equal(true);
    const { has } = selectTasks(steps, 'mesh/0-1,solve/1');
    const tasks = ['mesh/0', 'mesh/2', 'solve/0', 'solve/1'];
    expect(tasks.filter((task) => has({ task }))).to.deep.equal(['mesh/0', 'solve/1']);
    expect(refusal(steps, '1')).to.include({ reason: 'FRAMES_INVALID' });
  });

  it('says which of them have no result', () => {
    const there = new Set(['frames/4', 'frames/20', 'frames/21']);
    expect(selectTasks(render, '2-6,20').without(there)).to.equal('2-3,5-6');
    expect(selectTasks(steps, 'mesh/0-2').without(new Set(['mesh/1']))).to.equal('mesh/0,mesh/2');
    expect(selectTasks(render, '4').without(there)).to.equal('');
  });

  it('refuses what the workload does not have, and names what it has', () => {
    for (const [workload, text, message] of [
      [render, '9-12,21', 'workload w-1 has no frame 11-12,21; choose some of 1-10,20-40x2'],
      [noop, '4-9', 'workload w-2 has no task 5-9; choose some of 0-4'],
      [
        steps,
        'solve/2,cut/0',
        'workload w-3 has no task solve/2,cut/0; choose some of mesh/0-2,solve/0-1',
      ],
    ] as const) {
      expect(refusal(workload, text)).to.include({
        code: status.INVALID_ARGUMENT,
        reason: 'FRAMES_UNKNOWN',
        message,
      });
    }
    expect(refusal(render, '1-')).to.include({ reason: 'FRAMES_INVALID' });
  });
});
