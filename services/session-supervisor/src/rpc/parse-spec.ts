import { isDomainError, type FieldViolation } from '#libs/errors/index.ts';
import {
  RenderFormat,
  RenderOrder,
  type NoopSpec as ProtoNoopSpec,
  type RenderSpec as ProtoRenderSpec,
} from '#libs/contracts/common.ts';
import type { Duration } from '#libs/contracts/rpc.ts';
import { durationFromProto } from '#libs/mesh/index.ts';
import { parseIndices } from '../domain/graph/index-expression.ts';
import { indicesToText } from '../domain/graph/index-set.ts';
import type { NoopSpec, RenderSpec } from '../domain/header.ts';

const ENGINES = ['CYCLES', 'BLENDER_EEVEE', 'BLENDER_WORKBENCH'];
const DAY_MS = 86_400_000;
const DEFAULT_FRAME_TIMEOUT_MS = 3_600_000;
const DEFAULT_PROGRESS_TIMEOUT_MS = 600_000;
const DEFAULT_FAILURES = 3;
const DEFAULT_LOSSES = 5;

/** A render as asked for: `frames` is empty where the file is to say them. Wrong fields are added to `violations`. */
export const parseRender = (spec: ProtoRenderSpec, violations: FieldViolation[]): RenderSpec => {
  const check = checker('render', violations);
  check(
    spec.engine === '' || ENGINES.includes(spec.engine),
    'engine',
    `must be one of ${ENGINES.join(', ')}, or empty`,
  );
  check(spec.samples <= 65_536, 'samples', 'must be 1 to 65,536, or 0 for the file’s');
  check(spec.scalePercent <= 400, 'scale_percent', 'must be 1 to 400, or 0 for the file’s');
  check(spec.order !== RenderOrder.UNRECOGNIZED, 'order', 'is unknown');
  check(spec.format !== RenderFormat.UNRECOGNIZED, 'format', 'is unknown');
  check(Buffer.byteLength(spec.scene) <= 64, 'scene', 'must be at most 64 bytes');
  return {
    kind: 'render',
    frames: normalised(spec.frames, 'render.frames', violations),
    order: spec.order === RenderOrder.COARSE_FIRST ? 'coarse-first' : 'sequential',
    engine: spec.engine,
    samples: spec.samples,
    scalePercent: spec.scalePercent,
    format:
      ({ [RenderFormat.JPEG]: 'JPEG', [RenderFormat.OPEN_EXR]: 'OPEN_EXR' } as const)[spec.format as string] ?? 'PNG',
    scene: spec.scene,
    allowMissing: spec.allowMissing,
    frameTimeoutMs: span(spec.frameTimeout, DEFAULT_FRAME_TIMEOUT_MS, 'frame_timeout', check),
    progressTimeoutMs: span(spec.progressTimeout, DEFAULT_PROGRESS_TIMEOUT_MS, 'progress_timeout', check),
    ...budgets(spec, check),
  };
};

/** Work without meaning, as asked for. Wrong fields are added to `violations`. */
export const parseNoop = (spec: ProtoNoopSpec, violations: FieldViolation[]): NoopSpec => {
  const check = checker('noop', violations);
  check(spec.tasks >= 1 && spec.tasks <= 1_000_000, 'tasks', 'must be 1 to 1,000,000');
  check(spec.durationMs <= 3_600_000, 'duration_ms', 'must be at most 3,600,000');
  check(spec.resultBytes <= 16_777_216, 'result_bytes', 'must be at most 16,777,216');
  return {
    kind: 'noop',
    tasks: spec.tasks,
    durationMs: spec.durationMs,
    resultBytes: spec.resultBytes,
    failingTasks: normalised(spec.failingTasks, 'noop.failing_tasks', violations),
    ...budgets(spec, check),
  };
};

type Check = (holds: boolean, field: string, description: string) => void;

const checker =
  (prefix: string, violations: FieldViolation[]): Check =>
  (holds, field, description) => {
    if (!holds) violations.push({ field: `${prefix}.${field}`, description });
  };

const normalised = (text: string, field: string, violations: FieldViolation[]): string => {
  if (text === '') return '';
  try {
    return indicesToText(parseIndices(text));
  } catch (thrown) {
    if (!isDomainError(thrown)) throw thrown;
    violations.push({ field, description: thrown.message });
    return '';
  }
};

const span = (duration: Duration | undefined, defaultMs: number, field: string, check: Check): number => {
  if (duration === undefined) return defaultMs;
  const ms = durationFromProto(duration);
  check(ms >= 1_000 && ms <= DAY_MS, field, 'must be 1 s to 24 h');
  return ms;
};

const budgets = (
  spec: { maxFailures: number; maxLosses: number },
  check: Check,
): { maxFailures: number; maxLosses: number } => {
  check(spec.maxFailures <= 100, 'max_failures', 'must be 1 to 100, or 0 for 3');
  check(spec.maxLosses <= 100, 'max_losses', 'must be 1 to 100, or 0 for 5');
  return { maxFailures: spec.maxFailures || DEFAULT_FAILURES, maxLosses: spec.maxLosses || DEFAULT_LOSSES };
};
