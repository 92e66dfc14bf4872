import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Told } from '#libs/contracts/agent-told.ts';
import { fakeClock } from '#libs/testing/index.ts';
import { createSpeaker } from './speaker.ts';

const idle: Told = {
  connected: true,
  doing: [],
  done: 0,
  waiting: 0,
  failed: 0,
  seconds: 0,
  customers: [],
};
const frame = {
  what: 'scene.blend',
  task: 'frames/17',
  customer: 'alice',
  fraction: 0.625,
  remainingSeconds: 20,
};
const line = (told: Partial<Told>): string => `${JSON.stringify({ tell: { ...idle, ...told } })}\n`;
const warning = `${JSON.stringify({ level: 'warn', msg: 'task failed', task: 'frames/3', reason: 'no light\u001B[2J' })}\n`;
const deaf = `${JSON.stringify({ level: 'warn', msg: 'a render engine does not work', engine: 'CYCLES', trouble: 'no kernel' })}\n`;

const speak = (isQuiet = false) => {
  let shown = '';
  const clock = fakeClock();
  const speaker = createSpeaker({
    name: 'studio-7',
    screen: { write: (text) => (shown += text), columns: 200 },
    clock,
    isQuiet,
  });
  return { speaker, clock, shown: () => shown };
};

describe('an agent on a terminal', () => {
  it('says for whom it works, how far it is, and what it did', async () => {
    const { speaker, clock, shown } = speak();
    const said = [
      line({}),
      line({ doing: [frame], customers: ['alice'] }),
      line({ doing: [{ ...frame, fraction: 0.75, remainingSeconds: null }], done: 2, seconds: 41 }),
      line({ done: 3, seconds: 61, customers: ['alice'], connected: false }),
    ].join('');
    // In pieces, as pipes give them.
    for (let at = 0; at < said.length; at += 7) {
      speaker.take(said.slice(at, at + 7));
    }
    await clock.advance(90_000);
    speaker.finish();
    const lines = shown()
      .replaceAll('\r\u001B[K', '\n')
      .split('\n')
      .filter((each) => each !== '');
    expect(lines).to.deep.equal([
      'studio-7 is connected and ready for work; Ctrl-C hands its work back and leaves',
      'waiting for work · 0 done',
      'working on scene.blend for alice',
      'frames/17 of scene.blend for alice: 62 %, 20.0 s left · 0 done',
      'frames/17 of scene.blend for alice: 75 % · 2 done, 41.0 s of work',
      'studio-7 has lost its connection; it goes on working and tries again',
      'no connection to the mesh · 3 done, 1 min 01 s of work',
      '3 tasks done for alice: 1 min 01 s of work in 1 min 30 s',
    ]);
  });

  it('says how many results wait on the machine while the mesh cannot store them', () => {
    const { speaker, shown } = speak();
    speaker.take(line({ done: 3, waiting: 2 }));
    expect(shown()).to.contain('3 done, 2 results kept here until the mesh can store them');
  });

  it('says what goes wrong, without letting it steer the terminal, and nothing else if it is to be quiet', () => {
    for (const isQuiet of [false, true]) {
      const { speaker, shown } = speak(isQuiet);
      speaker.take(line({}));
      speaker.take('{"level":"info","msg":"connected to the mesh"}\n');
      speaker.take(warning);
      speaker.take(deaf);
      speaker.take('Segmentation fault\n');
      speaker.finish();
      expect(shown()).to.contain('task failed: frames/3: no light\\x1b[2J\n');
      expect(shown()).to.contain('a render engine does not work: CYCLES: no kernel\n');
      expect(shown()).to.contain('Segmentation fault\n');
      expect(shown()).not.to.contain('connected to the mesh');
      expect(shown().includes('ready for work')).to.equal(!isQuiet);
    }
  });
});
