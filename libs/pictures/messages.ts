import { z } from 'zod';
import type { Extension } from './formats.ts';
import type { Inspected } from './inspect.ts';

/** Asks for the size of the pictures of a .blend. */
export interface SceneRequest {
  sizeBytes: number;
  /** Empty: the current one. */
  scene: string;
  /** 0: the scene's own. */
  scalePercent: number;
}

/** Asks how much two pictures differ. Their bytes follow one another. */
export interface CompareRequest {
  extension: Extension;
  /** Of both. */
  sizeBytes: number;
  firstBytes: number;
}

/** What the confined program is asked, as a line of JSON; the bytes of the file follow. */
export type DecoderRequest =
  | ({ do: 'picture' } & Inspected)
  | ({ do: 'compare' } & CompareRequest)
  | ({ do: 'scene' } & SceneRequest);

const verdict = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('good'),
    width: z.int().positive(),
    height: z.int().positive(),
    pixelHash: z.string().regex(/^([0-9a-f]{64})?$/),
    uniform: z.boolean(),
    preview: z.base64().optional(),
  }),
  z.object({ kind: z.literal('bad'), reason: z.string() }),
]);

/** What it answers, each a line of JSON. Who took it over may have written them. */
export const decoderAnswer = z.discriminatedUnion('kind', [
  ...verdict.options,
  /** The size of a scene's pictures; undefined if it cannot be told. */
  z.object({
    kind: z.literal('scene'),
    size: z.object({ width: z.int().positive(), height: z.int().positive() }).optional(),
  }),
  /** The share of samples that differ noticeably. */
  z.object({ kind: z.literal('compared'), differing: z.number().min(0).max(1) }),
  /** It can be asked. */
  z.object({ kind: z.literal('ready') }),
  /** The machine has a problem, not the picture. */
  z.object({ kind: z.literal('trouble'), reason: z.string() }),
]);
export type DecoderAnswer = z.infer<typeof decoderAnswer>;

/** No answer is longer. The longest has a preview. */
export const MAX_ANSWER_BYTES = 1_024 ** 2;
