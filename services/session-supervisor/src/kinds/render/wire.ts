import { signGrant } from '#libs/auth/index.ts';
import {
  RenderFormat,
  RenderOrder,
  type RenderSpec as ProtoRenderSpec,
} from '#libs/contracts/common.ts';
import { durationToProto } from '#libs/mesh/index.ts';
import type { KindWire } from '../kind-wire.ts';
import { clipped } from '../spec-fields.ts';
import { parseRender } from './parse.ts';
import { prepareRender } from './prepare.ts';
import type { RenderSpec } from './spec.ts';

const toProto = (spec: RenderSpec): ProtoRenderSpec => ({
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

export const renderWire: KindWire<ProtoRenderSpec, RenderSpec> = {
  hasInput: true,
  parse: parseRender,
  prepare: prepareRender,
  toProto: (spec) => ({ $case: 'render', value: toProto(spec) }),
  toShortProto: (spec) => ({
    $case: 'render',
    value: { ...toProto(spec), frames: clipped(spec.frames) },
  }),
  workOf: ({ spec, file }, meshSecret) => {
    if (file === undefined) {
      throw new Error('a render has a file');
    }
    const { blob, sha256, sizeBytes } = file;
    return ({ machine, learnt: { engine } }) => {
      // The grant allows this machine to fetch the scene.
      const grant = Buffer.from(signGrant(meshSecret, { blob, machine }));
      const value = {
        spec: { ...toProto(spec), frames: '', engine },
        scene: { blobName: blob, sha256, sizeBytes, grant },
      };
      return { kind: { $case: 'render', value } };
    };
  },
};
