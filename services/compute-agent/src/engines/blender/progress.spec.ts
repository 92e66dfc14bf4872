import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Progress } from '../engine.ts';
import { progressOfMessage, progressReader } from './progress.ts';

const line = (what: string): string =>
  `Fra:7 Mem:33.66M (Peak 34.26M) | Time:00:00.21 | Mem:0.26M, Peak:0.26M | Scene, ViewLayer | ${what}\n`;

const read = (...pieces: string[]): Progress[] => {
  const heard: Progress[] = [];
  const feed = progressReader((progress) => heard.push(progress));
  pieces.forEach(feed);
  return heard;
};

describe('progressReader', () => {
  it('reads how far a frame is from the last line about it', () => {
    const output = `Info: Saved\n${line('Sample 3/64')}chatter\n${line('Sample 16/64')}more chatter\n`;
    expect(read(output)).to.deep.equal([{ text: 'Sample 16/64', fraction: 0.25 }]);
    expect(read(line('Rendering 1 / 4 samples'))).to.deep.include.members([
      { text: 'Rendering 1 / 4 samples', fraction: 0.25 },
    ]);
  });

  it('reads how long the frame will still take', () => {
    const left = (text: string): number | undefined => progressOfMessage(text).remainingSeconds;
    expect(left('Remaining: 00:20.02 | Mem: 14M | Sample 1/64')).to.equal(20.02);
    expect(
      read(line('Sample 3/64').replace('Mem:0.26M', 'Remaining:01:02:03.50 | Mem:0.26M')),
    ).to.deep.equal([{ text: 'Sample 3/64', fraction: 3 / 64, remainingSeconds: 3_723.5 }]);
    expect(left('Mem: 14M | Sample 1/64')).to.equal(undefined);
  });

  it('understands lines however they are cut into pieces', () => {
    const output = line('Sample 16/64') + line('Sample 32/64');
    for (let at = 0; at <= output.length; at += 1) {
      const heard = read(output.slice(0, at), output.slice(at));
      expect(heard.at(-1), String(at)).to.deep.equal({ text: 'Sample 32/64', fraction: 0.5 });
    }
    expect(read(...output.split('')).map(({ text }) => text)).to.deep.equal([
      'Sample 16/64',
      'Sample 32/64',
    ]);
  });

  it('tells the current step if nothing is counted, and nothing if Blender prints something else', () => {
    expect(read(line('Synchronizing object | Cube'))).to.deep.equal([
      { text: 'Cube', fraction: undefined },
    ]);
    expect(read(line('Sample 0/0'))).to.deep.equal([{ text: 'Sample 0/0', fraction: undefined }]);
    expect(read('Read blend: "/given/0/scene.blend"\n')).to.deep.equal([]);
    expect(read(line('x'.repeat(1_000)))[0]?.text).to.have.length(200);
    expect(
      read(...Array.from({ length: 100 }, () => 'x'.repeat(10_000)), '\n', line('Cube')),
    ).to.have.length(1);
  });
});
