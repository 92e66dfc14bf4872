import { expect } from 'chai';
import { describe, it } from 'mocha';
import { parseMeshSecret } from '#libs/auth/index.ts';
import { header, renderHeader } from '../domain/fixture.ts';
import { MESH_SECRET } from '../fixtures/mesh.ts';
import { workOf } from './work.ts';

const secret = parseMeshSecret(MESH_SECRET);
const ann = { machine: 'ann', engine: '' };

describe('what agents are told of the work', () => {
  it('is the same however many frames there are and however they are written', () => {
    const long = Array.from({ length: 10_000 }, (_, i) => i * 2).join(',');
    const kind = workOf(renderHeader(long, { samples: 8 }), secret)({ ...ann, indices: [0, 2], engine: 'CYCLES' }).kind;
    expect(kind?.value).to.have.property('spec').that.includes({ frames: '', samples: 8, engine: 'CYCLES' });
  });

  it('names of the tasks that are to fail only those that the agent has', () => {
    const failingTasks = Array.from({ length: 10_000 }, (_, i) => i * 2).join(',');
    const work = workOf(header(30_000, { failingTasks }), secret);
    expect(work({ ...ann, indices: [1, 4, 7, 19_998, 20_000] }).kind?.value).to.include({ failingTasks: '4,19998' });
    expect(work({ ...ann, indices: [1, 3] }).kind?.value).to.include({ failingTasks: '' });
  });
});
