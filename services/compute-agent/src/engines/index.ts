export { createBlenderEngine, type BlenderEngine, type BlenderOptions } from './blender/blender.ts';
export type { RenderJob } from './blender/job.ts';
export {
  type Cancelled,
  type Completed,
  type Engine,
  type Failed,
  type FailureClass,
  type Opened,
  type Outcome,
  RENDER_ENGINES,
  type RenderEngine,
  type Task,
} from './engine.ts';
export { createNoopEngine, type NoopJob } from './noop/noop.ts';
