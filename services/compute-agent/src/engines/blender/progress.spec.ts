import { expect } from 'chai';
import { describe, it } from 'mocha';
import { progressOf } from './progress.ts';

const line = (what: string): string =>
  `Fra:7 Mem:33.66M (Peak 34.26M) | Time:00:00.21 | Mem:0.26M, Peak:0.26M | Scene, ViewLayer | ${what}\n`;

describe('progressOf', () => {
  it('reads how far a frame is from the last line about it', () => {
    const output = `Info: Saved\n${line('Sample 3/64')}chatter\n${line('Sample 16/64')}${line('Sample 32/64').slice(0, -3)}`;
    expect(progressOf(output)).to.deep.equal({ text: 'Sample 16/64', fraction: 0.25 });
    expect(progressOf(line('Rendering 1 / 4 samples'))).to.include({ fraction: 0.25 });
  });

  it('says what is going on where nothing is counted, and nothing where Blender speaks of other things', () => {
    expect(progressOf(line('Synchronizing object | Cube'))).to.deep.equal({ text: 'Cube', fraction: undefined });
    expect(progressOf(line('Sample 0/0'))).to.include({ fraction: undefined });
    expect(progressOf('Read blend: "/given/0/scene.blend"\n')).to.equal(undefined);
    expect(progressOf(line('x'.repeat(10_000)))?.text).to.have.length(200);
  });
});
