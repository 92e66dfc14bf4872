import { extname } from 'node:path';
import { z } from 'zod';
import { isFileEnding, MAX_FURTHER_FILES } from '#libs/mesh/index.ts';
import { EXTENSIONS } from '#libs/pictures/index.ts';
import { backends } from './devices/backends.ts';
import type { DeviceUse } from './devices/device.ts';
import { RENDER_ENGINES } from './job.ts';

/** Requests to driver.py. Paths are those inside the sandbox. */
export type Request =
  | {
      do: 'open';
      file: string;
      /** How pictures name the file: its path below a folder. */
      named: { folder: string; name: string };
      /** Whether the program sees a host name that is not the machine's. */
      confined: boolean;
      /** Where the files of frames go. */
      folder: string;
      scene: string | undefined;
      camera: string | undefined;
      viewLayer: string | undefined;
      engine: string | undefined;
      samples: number | undefined;
      scale: number | undefined;
      format: string;
      allowMissing: boolean;
      allowedMissing: readonly string[];
      /** Some folders have the name of a folder of the sandbox, such as `/usr`. This says where each of them is instead. */
      moved: Readonly<Record<string, string>>;
      /** What becomes of physics that is not baked; undefined: a note says so. */
      physics: 'refuse' | 'bake' | 'in-order' | undefined;
      /** Into how many strips frames may be split; undefined: none. */
      tiles: number | undefined;
      /** The graphics cards for Cycles; undefined: the processors. */
      device: DeviceUse | undefined;
    }
  | { do: 'render'; frame: number; folder: string }
  /** Renders one of `of` strips of a frame, or says why the frame is rendered whole. */
  | { do: 'tile'; frame: number; number: number; of: number; file: string }
  /** Puts all strips of a frame together. */
  | { do: 'merge'; frame: number; tiles: readonly string[]; folder: string }
  /** Bakes the physics up to a frame, into the open file and the folder beside it. */
  | { do: 'bake'; last: number }
  | { do: 'probe'; engine: string; folder: string; device: DeviceUse | undefined }
  /** Asks for the graphics cards of some backends. */
  | { do: 'devices'; backends: readonly string[] };

/** A name in the work folder, which leads nowhere else. */
const FILE_NAME = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u;

const refusal = z.object({
  ok: z.literal(false),
  failure: z.enum([
    'RENDER_ERROR',
    'OUT_OF_MEMORY',
    'SCENE_UNREADABLE',
    'MISSING_ASSETS',
    'ENGINE_UNAVAILABLE',
    'PHYSICS_NOT_BAKED',
    'AGENT_ERROR',
  ]),
  reason: z.string(),
  names: z.array(z.string()),
});

const facts = z.object({
  ok: z.literal(true),
  /** The scene to render, and all scenes of the file. */
  scene: z.string(),
  scenes: z.array(z.string()),
  engine: z.enum(RENDER_ENGINES),
  frameStart: z.int(),
  frameEnd: z.int(),
  /** The resolution at 100 %, in pixels, and the percentage of it to render. */
  width: z.int().positive(),
  height: z.int().positive(),
  percent: z.int().positive(),
  /** The part of a cropped picture that is kept: left, right, bottom, top, from 0 to 1. */
  border: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullable(),
  /** How many times wider and higher a picture of both eyes is. */
  stretch: z.tuple([z.int().positive(), z.int().positive()]),
  extension: z.enum(EXTENSIONS),
  /** What the engine computes with, for people. */
  device: z.string(),
  /** Why frames are not split into strips; empty if strips have exactly the pixels of the whole frame, or none are wanted. */
  whole: z.string(),
});

const file = z
  .object({ name: z.string().regex(FILE_NAME), ending: z.string().refine(isFileEnding) })
  .refine(({ name, ending }) => ending.endsWith(extname(name)));

const rendered = z.object({
  ok: z.literal(true),
  frame: z.int(),
  seconds: z.number().nonnegative(),
  notes: z.array(z.string()),
  files: z
    .array(file)
    .min(1)
    .max(1 + MAX_FURTHER_FILES),
});

const tile = z.object({
  ok: z.literal(true),
  /** Why the frame is rendered whole; empty if the strip was rendered. */
  whole: z.string(),
  /** The rows of the strip. */
  rows: z.int().nonnegative(),
});

const baked = z.object({
  ok: z.literal(true),
  seconds: z.number().nonnegative(),
  notes: z.array(z.string()),
});

const device = z.object({ backend: z.enum(backends), id: z.string(), name: z.string() });

const devices = z.object({ ok: z.literal(true), devices: z.array(device) });

/** The answers of the driver to each request. */
export const answers = {
  open: z.discriminatedUnion('ok', [facts, refusal]),
  render: z.discriminatedUnion('ok', [rendered, refusal]),
  tile: z.discriminatedUnion('ok', [tile, refusal]),
  bake: z.discriminatedUnion('ok', [baked, refusal]),
  probe: z.discriminatedUnion('ok', [rendered, refusal]),
  devices: z.discriminatedUnion('ok', [devices, refusal]),
} as const;

export type SceneFacts = Omit<z.infer<typeof facts>, 'ok'>;
/** A graphics card as Cycles names it. */
export type FoundDevice = z.infer<typeof device>;
export type Refusal = z.infer<typeof refusal>;

/** Whether a File Output node wrote a file, as files.py names those. */
export const isOfNode = (name: string): boolean => name.startsWith('node');
