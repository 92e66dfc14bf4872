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

const frame = (index: number, ending = '') => ({ task: `frames/${index}`, frame: index, ending });

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

  it('ends as the result says, unless that could lead out of the directory', () => {
    const named = (ending: string): string =>
      resultFileName(render(RenderFormat.PNG, 1), frame(1, ending));
    expect(named('_R.exr')).to.equal('frame_0001_R.exr');
    expect(named('.Pässe-Image.tif')).to.equal('frame_0001.Pässe-Image.tif');
    for (const bad of ['/../x.png', '..png', '.a/b.png', 'x', '.\u001b.png']) {
      expect(named(bad), bad).to.equal('frame_0001.png');
    }
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
    expect(resultFileName(workload, { task: 'solve/2', frame: 2, ending: '' })).to.equal(
      'solve/0002.bin',
    );
  });

  it('calls the result of a noop task a task', () => {
    expect(
      resultFileName(Workload.fromPartial({ lastFrame: 9 }), {
        task: 'noop/3',
        frame: 3,
        ending: '',
      }),
    ).to.equal('task_0003.bin');
  });
});
