import {
  RenderFormat,
  RenderOrder,
  type NoopSpec as ProtoNoopSpec,
  type RenderSpec as ProtoRenderSpec,
} from '#libs/contracts/common.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import type { NoopSpec, RenderSpec } from '../domain/header.ts';

/** A render's specification as callers and agents see it. */
export const renderSpecToProto = (spec: RenderSpec): ProtoRenderSpec => ({
  frames: spec.frames,
  order: spec.order === 'coarse-first' ? RenderOrder.COARSE_FIRST : RenderOrder.SEQUENTIAL,
  engine: spec.engine,
  samples: spec.samples,
  scalePercent: spec.scalePercent,
  format: RenderFormat[spec.format],
  scene: spec.scene,
  allowMissing: spec.allowMissing,
  frameTimeout: durationToProto(spec.frameTimeoutMs),
  progressTimeout: durationToProto(spec.progressTimeoutMs),
  maxFailures: spec.maxFailures,
  maxLosses: spec.maxLosses,
});

/** A noop's specification as callers and agents see it. */
export const noopSpecToProto = ({
  tasks,
  durationMs,
  resultBytes,
  failingTasks,
  maxFailures,
  maxLosses,
}: NoopSpec): ProtoNoopSpec => ({ tasks, durationMs, resultBytes, failingTasks, maxFailures, maxLosses });
