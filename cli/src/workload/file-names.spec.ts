import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RenderFormat, RenderSpec } from '#libs/contracts/common.ts';
import { Workload } from '#libs/contracts/session.ts';
import { resultFileName } from './file-names.ts';

const render = (format: RenderFormat, lastFrame: number): Workload =>
  Workload.fromPartial({
    lastFrame,
    spec: { $case: 'render', value: RenderSpec.fromPartial({ format }) },
  });

const frame = (index: number) => ({ task: `frames/${index}`, frame: index });

describe('resultFileName', () => {
  it('pads to four digits, or to those of the last frame', () => {
    expect(resultFileName(render(RenderFormat.PNG, 24), frame(1))).to.equal('frame_0001.png');
    expect(resultFileName(render(RenderFormat.PNG, 1_048_574), frame(0))).to.equal(
      'frame_0000000.png',
    );
  });

  it('takes the extension of the format', () => {
    const names = [RenderFormat.UNSPECIFIED, RenderFormat.JPEG, RenderFormat.OPEN_EXR].map(
      (format) => resultFileName(render(format, 1), frame(1)),
    );
    expect(names).to.deep.equal(['frame_0001.png', 'frame_0001.jpg', 'frame_0001.exr']);
  });

  it('has a directory for each step where there are several', () => {
    const nodes = [
      { id: 'mesh', tasks: 3 },
      { id: 'solve', tasks: 3 },
    ];
    const workload = Workload.fromPartial({
      lastFrame: 2,
      spec: { $case: 'noop', value: { nodes } },
    });
    expect(resultFileName(workload, { task: 'solve/2', frame: 2 })).to.equal('solve/0002.bin');
  });

  it('calls the result of a noop task a task', () => {
    expect(
      resultFileName(Workload.fromPartial({ lastFrame: 9 }), { task: 'noop/3', frame: 3 }),
    ).to.equal('task_0003.bin');
  });
});
