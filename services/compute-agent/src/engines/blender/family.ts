import type { RenderWork } from '#libs/contracts/agent.ts';
import type { Family } from '../family.ts';
import { createBlenderEngine } from './blender.ts';
import { type BlenderSettings, blenderVariables, detectBlender } from './detect.ts';
import { RENDER_ENGINES, type RenderJob, renderJobOf } from './job.ts';

/** Scenes, rendered by whatever Blender this machine has. */
export const blender = {
  name: 'blender',
  engines: RENDER_ENGINES,
  isAuto: true,
  isConfined: true,
  variables: blenderVariables,
  async detect(wanted, around, signal) {
    const found = await detectBlender(wanted, around, signal);
    if (found.kind === 'missing') {
      return found;
    }
    const { program, version, engines } = found;
    return {
      kind: 'works',
      offers: engines.map((name) => ({ name, version })),
      engine: await createBlenderEngine({ ...around, program, engines }),
    };
  },
  jobOf: (_workloadId, work) => renderJobOf(work),
} satisfies Family<RenderWork, RenderJob, BlenderSettings>;
