import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseMeshSecret } from '#libs/auth/index.ts';
import { MESH_SECRET } from '#libs/testing/index.ts';
import { header, renderHeader } from '../domain/fixtures/workload.ts';
import { understoodFrom } from '../store/workload-document.ts';
import type { WorkloadHeader } from '../domain/state/workload.ts';
import { kindOf } from './kinds.ts';
import { wireOf } from './wires.ts';

const secret = parseMeshSecret(MESH_SECRET);
const ann = { machine: 'ann', learnt: { engine: '', version: '' } };
const workOf = (of: WorkloadHeader) =>
  wireOf(of.spec.kind).workOf({ ...of, graph: kindOf(of.spec).graphOf(of.spec) }, secret);

describe('what agents are told of the work', () => {
  it('is the same for any number of frames and any spelling of them', () => {
    const long = Array.from({ length: 10_000 }, (_, i) => i * 2).join(',');
    const kind = workOf(renderHeader(long, { samples: 8 }))({
      ...ann,
      ordinals: [0, 2],
      learnt: { engine: 'CYCLES', version: '' },
    }).kind;
    expect(kind?.value)
      .to.have.property('spec')
      .that.includes({ frames: '', samples: 8, engine: 'CYCLES' });
  });

  it('names the manifest of a project, with a grant for the machine, where older agents look for no scene', () => {
    const single = renderHeader('1', {});
    const project = { ...single, file: { ...single.file!, isProject: true as const } };
    const told = { ...ann, ordinals: [0] };
    const [alone, whole] = [single, project].map((of) => workOf(of)(told).kind?.value);
    expect(alone).to.have.property('project', undefined);
    expect(whole).to.have.property('scene', undefined);
    expect(whole).to.have.deep.property('project', (alone as { scene: unknown }).scene);
    // Builds before that would end it before anybody looked at its frames.
    expect(understoodFrom(project)).to.deep.equal({ understoodFrom: 10 });
  });

  it('says the device', () => {
    const gpu = renderHeader('1', { device: 'gpu', deviceMemoryBytes: 5 });
    expect(workOf(gpu)({ ...ann, ordinals: [0] }).kind?.value)
      .to.have.property('spec')
      .that.includes({ device: 'RENDER_DEVICE_GPU', deviceMemoryBytes: 5 });
  });

  it('names only those failing tasks that the agent has', () => {
    const failingTasks = Array.from({ length: 10_000 }, (_, i) => i * 2).join(',');
    const work = workOf(header(30_000, { failingTasks }));
    expect(work({ ...ann, ordinals: [1, 4, 7, 19_998, 20_000] }).kind?.value).to.include({
      failingTasks: '4,19998',
    });
    expect(work({ ...ann, ordinals: [1, 3] }).kind?.value).to.include({ failingTasks: '' });
  });
});
