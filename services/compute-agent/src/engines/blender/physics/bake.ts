import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256File } from '../../../files.ts';
import {
  type Cancelled,
  completed,
  type Completed,
  type Failed,
  type Running,
} from '../../engine.ts';
import { failureOfRefusal, failureOfTrouble } from '../failures.ts';
import type { RenderJob } from '../job.ts';
import { openRenderer, type SceneOptions } from '../opening.ts';
import { answers } from '../renderer-protocol.ts';
import { pack } from './archive.ts';
import { copyOf } from './workspace.ts';

/** Bakes the physics of a scene with a renderer of its own, and packs the scene with everything that was baked. */
export const bakePhysics = async (
  options: SceneOptions,
  job: RenderJob,
  running: Running,
): Promise<Completed | Failed | Cancelled> => {
  const { clock, random } = options.renderer;
  const started = clock.monotonic();
  const own: RenderJob = { ...job, physics: 'bake', layOut: copyOf(job) };
  const ready = await openRenderer(options, own, running.signal);
  if (ready.kind !== 'ready') {
    return ready;
  }
  const { renderer } = ready;
  const { bakeTimeoutMs = job.frameTimeoutMs, progressTimeoutMs: quietMs, lastFrame = 0 } = job;
  const patience = { timeoutMs: bakeTimeoutMs, quietMs };
  const request = { do: 'bake', last: lastFrame } as const;
  const reply = await renderer.ask(request, answers.bake, patience, running);
  const seconds = (clock.monotonic() - started) / 1_000;
  // Nobody may write to its folder while it is packed.
  await renderer.end();
  if (reply.kind !== 'answered') {
    return failureOfTrouble(reply, renderer.log(), seconds);
  }
  if (!reply.answer.ok) {
    return failureOfRefusal(reply.answer, renderer.log(), seconds);
  }
  await mkdir(options.picturesDir, { recursive: true });
  const file = join(options.picturesDir, `${random.id('p')}-baked.tar`);
  await pack(dirname(ready.sceneFile), file);
  return completed({
    file,
    sha256: await sha256File(file),
    sizeBytes: (await stat(file)).size,
    pixelHash: '',
    seconds,
    notes: reply.answer.notes,
  });
};
