import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { pino } from 'pino';
import sharp from 'sharp';
import { systemClock } from '#libs/clock/index.ts';
import { createDecoder } from '#libs/pictures/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { running } from '../../fixtures/agent.ts';
import { rendererLimits } from '#libs/sandbox/index.ts';
import type { Outcome } from '../engine.ts';
import { openScene, type OpenedScene } from './scene.ts';

const going = new AbortController().signal;

/** A program in Blender's place. `on_render(ask, answer)` handles its requests for frames. */
const impostor = (onRender: string): string => `#!/usr/bin/python3
import json, os, shutil, sys, time
def say(message):
    os.write(1, b"chatter\\n\\x1e" + json.dumps(message).encode() + b"\\n")
def out(ask):
    return os.path.join(ask["folder"], f"{ask['frame']}.png")
def picture(ask, name):
    shutil.copyfile(os.path.join(os.path.dirname(__file__), name), out(ask))
def on_render(ask, answer):
${onRender.replaceAll(/^/gm, '    ')}
for line in sys.stdin:
    ask = json.loads(line)
    answer = {"id": ask["id"], "ok": True}
    if ask["do"] == "open":
        say({**answer, "scene": "Scene", "scenes": ["Scene"], "engine": "CYCLES", "frameStart": 1, "frameEnd": 3,
             "width": 8, "height": 4, "percent": 100, "border": None,
             "stretch": [1, 1], "extension": "png", "device": "CPU", "whole": ""})
    else:
        on_render(ask, {**answer, "frame": ask["frame"], "seconds": 0.1, "notes": [],
                        "files": [{"name": f"{ask['frame']}.png", "ending": ".png"}]})
`;

describe('a renderer that is not to be trusted', () => {
  let folder: string;
  let scene: OpenedScene | undefined;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-impostor-'));
    await mkdir(join(folder, 'driver'));
    const noise = { type: 'gaussian', mean: 100, sigma: 50 } as const;
    const picture = (width: number) =>
      sharp({ create: { width, height: 4, channels: 3, noise, background: 'black' } }).png();
    await picture(8).toFile(join(folder, 'right.png'));
    await picture(9).toFile(join(folder, 'wrong.png'));
    await writeFile(join(folder, 'secret'), 'hunter2');
  });
  afterEach(async () => {
    await scene?.close();
    scene = undefined;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The outcomes of frame 2 with such a program, and then of frame 3 with one that works. */
  const render = async (
    onRender: string,
    timeouts = { frame: 20_000, progress: 20_000 },
  ): Promise<[Outcome, Outcome]> => {
    const program = join(folder, 'blender');
    const honest = 'picture(ask, "right.png"); say(answer)';
    const misled = `if ask["frame"] != 2:\n    ${honest}\n    return\n${onRender}`;
    await writeFile(program, impostor(misled));
    await chmod(program, 0o755);
    const opened = await openScene(
      {
        renderer: {
          sandbox: { kind: 'none' },
          program,
          driver: join(folder, 'driver'),
          limits: rendererLimits(1024 ** 3, 1),
          threads: 1,
          clock: systemClock,
          random: systemRandom,
        },
        version: '3.4.1',
        decoder: createDecoder({ sandbox: { kind: 'none' }, clock: systemClock }),
        engines: ['CYCLES'],
        folder: join(folder, 'scene'),
        picturesDir: join(folder, 'pictures'),
        logger: pino({ enabled: false }),
      },
      {
        sceneFile: join(folder, 'secret'),
        format: 'PNG',
        allowMissing: false,
        frameTimeoutMs: timeouts.frame,
        progressTimeoutMs: timeouts.progress,
      },
      going,
    );
    if (opened.kind !== 'opened') {
      throw new Error(JSON.stringify(opened));
    }
    scene = opened;
    return [
      await opened.run({ key: 'frames/2' }, running()),
      await opened.run({ key: 'frames/3' }, running()),
    ];
  };

  const cases: Array<[string, string, object | RegExp]> = [
    [
      'answers for another frame',
      'picture(ask, "right.png"); say({**answer, "frame": 1})',
      /asked for frame 2 and answered for 1/,
    ],
    [
      'makes no picture',
      'say(answer)',
      { failureClass: 'PICTURE_INVALID', reason: 'there is no picture' },
    ],
    [
      'makes a picture of another size',
      'picture(ask, "wrong.png"); say(answer)',
      { failureClass: 'PICTURE_INVALID', reason: 'the picture is 9×4 pixels, not 8×4' },
    ],
    [
      'makes a link to a file of ours',
      'os.symlink(os.path.dirname(__file__) + "/right.png", out(ask)); say(answer)',
      { failureClass: 'PICTURE_INVALID', reason: 'there is no picture' },
    ],
    ['makes a folder', 'os.mkdir(out(ask)); say(answer)', { failureClass: 'PICTURE_INVALID' }],
    ['makes a pipe', 'os.mkfifo(out(ask)); say(answer)', { failureClass: 'PICTURE_INVALID' }],
    ['answers nonsense', 'say({"id": ask["id"], "ok": "yes"})', /an answer that makes no sense/],
    [
      'dies',
      'os.write(1, b"last words\\n"); os._exit(3)',
      { failureClass: 'RENDERER_DIED', reason: 'Blender ended with exit code 3' },
    ],
    [
      'dies for want of memory',
      'os.write(2, b"Calloc returns null: len=99\\n"); os.write(1, b"x\\n"); os.abort()',
      { failureClass: 'OUT_OF_MEMORY' },
    ],
    [
      'says that it had not enough memory',
      'say({**answer, "ok": False, "failure": "RENDER_ERROR", "reason": "System is out of memory", "names": []})',
      { failureClass: 'OUT_OF_MEMORY' },
    ],
  ];
  for (const [what, onRender, expected] of cases) {
    it(`fails the frame and is replaced when it ${what}`, async () => {
      const [outcome, next] = await render(onRender);
      expect(outcome).to.have.property('kind', 'failed');
      if (expected instanceof RegExp) {
        expect(outcome).to.have.property('reason').that.matches(expected);
      } else {
        expect(outcome).to.include(expected);
      }
      expect(next).to.have.property('kind', 'completed');
    });
  }

  it('is not believed if it answers before it is asked, or another request', async () => {
    const guess =
      'say({"id": "q-0", "ok": True, "frame": 2, "seconds": 0, "notes": []}); say(None); say([1])';
    const [outcome, next] = await render(`${guess}; picture(ask, "right.png"); say(answer)`);
    expect([outcome.kind, next.kind]).to.deep.equal(['completed', 'completed']);
  });

  it('may take as long as it makes progress, but no longer than the frame may take', async () => {
    const slow =
      'for _ in range(16):\n    time.sleep(0.2); os.write(1, b"Sample\\n")\npicture(ask, "right.png"); say(answer)';
    const [outcome] = await render(slow, { frame: 20_000, progress: 3_000 });
    expect(outcome).to.have.property('kind', 'completed');
    await scene?.close();
    const [late] = await render(slow, { frame: 900, progress: 20_000 });
    expect(late).to.include({ failureClass: 'TIMEOUT', reason: 'not done after 1 s' });
    await scene?.close();
    const [silent] = await render('time.sleep(30)', { frame: 20_000, progress: 700 });
    expect(silent).to.include({ failureClass: 'TIMEOUT', reason: 'no progress for 1 s' });
  });
});
