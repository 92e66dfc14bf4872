import type { Scene, Work } from '#libs/contracts/agent.ts';
import type { NoopSpec, RenderSpec } from '#libs/contracts/common.ts';
import type { Duration } from '#libs/contracts/rpc.ts';
import { parseNumberList } from '../domain/number-list.ts';
import { failed } from '../engines/engine.ts';
import { type Failed, type NoopJob, RENDER_ENGINES, type RenderEngine, type RenderJob } from '../engines/index.ts';

/** Work as the engines take it; a render still lacks the scene's file. */
export type Job = { kind: 'noop'; job: NoopJob } | { kind: 'render'; job: Omit<RenderJob, 'sceneFile'>; scene: Scene };

const FRAME_TIMEOUT_MS = 3_600_000;
const PROGRESS_TIMEOUT_MS = 600_000;

const msOf = (duration: Duration | undefined, unsetMs: number): number =>
  duration === undefined ? unsetMs : duration.seconds * 1_000 + duration.nanos / 1e6;

const isEngine = (name: string): name is RenderEngine => (RENDER_ENGINES as readonly string[]).includes(name);

/** Work that this version does not understand is for others. */
const misunderstood = (what: string): Failed => failed('AGENT_ERROR', `this agent does not understand ${what}`);

const noopJob = (workloadId: string, { durationMs, resultBytes, failingTasks }: NoopSpec): Job | Failed => {
  const isFailing = parseNumberList(failingTasks);
  return isFailing === undefined
    ? misunderstood(`the list ${failingTasks}`)
    : { kind: 'noop', job: { workloadId, durationMs, resultBytes, isFailing } };
};

const formatOf = ({ format }: RenderSpec): RenderJob['format'] | undefined => {
  switch (format) {
    case 'RENDER_FORMAT_UNSPECIFIED':
    case 'RENDER_FORMAT_PNG':
      return 'PNG';
    case 'RENDER_FORMAT_JPEG':
      return 'JPEG';
    case 'RENDER_FORMAT_OPEN_EXR':
      return 'OPEN_EXR';
    case 'UNRECOGNIZED':
      return undefined;
    default:
      return format satisfies never;
  }
};

const renderJob = (spec: RenderSpec, scene: Scene): Job | Failed => {
  const { engine, samples, scalePercent, allowMissing } = spec;
  const format = formatOf(spec);
  if (format === undefined) {
    return misunderstood('the file format');
  }
  if (engine !== '' && !isEngine(engine)) {
    return failed('ENGINE_UNAVAILABLE', `this agent does not know the engine ${engine}`, { names: [engine] });
  }
  return {
    kind: 'render',
    scene,
    job: {
      ...(spec.scene === '' ? {} : { scene: spec.scene }),
      ...(engine === '' ? {} : { engine }),
      ...(samples === 0 ? {} : { samples }),
      ...(scalePercent === 0 ? {} : { scalePercent }),
      format,
      allowMissing,
      frameTimeoutMs: msOf(spec.frameTimeout, FRAME_TIMEOUT_MS),
      progressTimeoutMs: msOf(spec.progressTimeout, PROGRESS_TIMEOUT_MS),
    },
  };
};

/** Reads what the mesh says about the work. A failure says what about it this agent cannot do. */
export const jobOf = (workloadId: string, work: Work | undefined): Job | Failed => {
  const kind = work?.kind;
  switch (kind?.$case) {
    case 'noop':
      return noopJob(workloadId, kind.value);
    case 'render': {
      const { spec, scene } = kind.value;
      return spec === undefined || scene === undefined
        ? misunderstood('a render without a scene')
        : renderJob(spec, scene);
    }
    case undefined:
      return misunderstood('this kind of work');
    default:
      return kind satisfies never;
  }
};
