import { type Command, Option } from 'commander';
import { RenderFormat, RenderOrder } from '#libs/contracts/common.ts';
import { familyOf } from '#libs/engines/index.ts';
import { parseIndices } from '#libs/indices/index.ts';
import { usage } from '../failures.ts';
import {
  countOption,
  listOption,
  parseTtl,
  textOption,
  waitAtMostOption,
  type WaitOptions,
} from '../options.ts';
import { deviceMemoryOption, deviceOption, type DeviceOptions } from './device.ts';
import { notifyOption, type NotifyOptions } from './notify.ts';
import { type Tiles, tilesOption } from './tiles.ts';

export const orders = {
  'coarse-first': RenderOrder.COARSE_FIRST,
  sequential: RenderOrder.SEQUENTIAL,
} as const;
export const formats = {
  'as-in-file': RenderFormat.AS_IN_FILE,
  PNG: RenderFormat.PNG,
  JPEG: RenderFormat.JPEG,
  OPEN_EXR: RenderFormat.OPEN_EXR,
  png: RenderFormat.PNG,
  jpeg: RenderFormat.JPEG,
  exr: RenderFormat.OPEN_EXR,
} as const;

export interface RenderOptions extends WaitOptions, NotifyOptions, DeviceOptions {
  frames: string;
  order: keyof typeof orders;
  engine: string;
  samples: number;
  scale: number;
  format: keyof typeof formats;
  scene: string;
  camera: string;
  viewLayer: string;
  users?: number;
  blend: string;
  include: string[];
  allowMissing?: boolean | string[];
  bake?: boolean;
  allowUnbaked?: boolean;
  tiles: Tiles;
  /** Seconds, like the next two. */
  bakeTimeout?: number;
  /** Seconds, like the next. */
  frameTimeout?: number;
  progressTimeout?: number;
  out?: string;
  contactSheet?: string;
  movie?: string;
  wait: boolean;
  queue: boolean;
  customer: string;
}

const ENGINES = 'CYCLES, BLENDER_EEVEE or BLENDER_WORKBENCH';

/** The mesh's name of an engine, in any case. Throws `USAGE` on an engine that no Blender of a mesh has. */
const parseEngine = (text: string): string => {
  const engine = text.toUpperCase();
  if (familyOf(engine) !== 'blender') {
    throw usage(`--engine: no machine of a mesh has '${text}'; choose ${ENGINES}`);
  }
  return engine;
};

/** Checks an expression before anything is sent. Throws as {@link parseIndices} does. */
const parseFrames = (text: string): string => {
  parseIndices(text);
  return text;
};

/** Throws `USAGE` unless the name ends in a format of contact sheets. */
const parseSheet = (text: string): string => {
  if (!/\.(png|jpe?g)$/i.test(text)) {
    throw usage(`--contact-sheet: '${text}' ends in neither .png nor .jpg`);
  }
  return text;
};

/** Adds the argument and the options of `muster render` to the command. */
export const addRenderOptions = (command: Command): Command =>
  command
    .argument(
      '[path]',
      'a .blend, with which the files go that it reads; or the folder or zip file of a project',
    )
    .addOption(textOption('--blend <name>', 'which .blend of a folder or zip file', 'the only one'))
    .addOption(
      listOption(
        '--include <path>',
        'a file or folder outside of the project that may go along; repeatable',
      ),
    )
    .addOption(
      new Option('--frames <expression>', '1-10,20-40x2')
        .argParser(parseFrames)
        .default('', "the file's own range"),
    )
    .addOption(
      new Option('--order <order>', 'which frames first')
        .choices(Object.keys(orders))
        .default('sequential'),
    )
    .addOption(
      new Option('--engine <engine>', ENGINES).argParser(parseEngine).default('', 'as in the file'),
    )
    .addOption(deviceOption())
    .addOption(deviceMemoryOption())
    .addOption(countOption('--samples <n>', 'samples per pixel', [1, 65_536], 0, 'as in the file'))
    .addOption(
      countOption(
        '--scale <percent>',
        "size in percent of the file's resolution",
        [1, 400],
        0,
        'as in the file',
      ),
    )
    .addOption(
      new Option('--format <format>', 'of the frames; instead of a movie they are PNG')
        .choices(Object.keys(formats))
        .default('as-in-file'),
    )
    .addOption(textOption('--scene <name>', 'the scene', 'the current one'))
    .addOption(textOption('--camera <name>', 'the camera of all frames', 'as in the file'))
    .addOption(textOption('--view-layer <name>', 'the only view layer to render', 'as in the file'))
    .addOption(
      countOption(
        '--users <n>',
        'how many users it wants (default: as many as the plan allows)',
        [0, 100_000],
      ),
    )
    .option(
      '--allow-missing [pattern...]',
      'render although files are missing: all, or those whose path or name matches, for example "*.ies"',
    )
    .addOption(
      new Option(
        '--bake',
        'bake physics first, once on one machine, if the file does not have it baked',
      ).conflicts('allowUnbaked'),
    )
    .option('--allow-unbaked', 'render although frames of physics that is not baked do not fit')
    .addOption(tilesOption())
    .option('--bake-timeout <time>', 'longest time for baking (default: 12h)', parseTtl)
    .option('--out <dir>', 'where the frames go (default: ./<file name>-frames)')
    .option(
      '--contact-sheet <file>',
      'where the contact sheet goes, a .png or .jpg; from small previews it grows there every 10 s (default: contact-sheet.png beside the frames, at the end)',
      parseSheet,
    )
    .option(
      '--movie <file>',
      "where a film of the frames goes, at the file's rate and without sound; its ending says which kind (default: movie.mp4 beside the frames if the file names a movie format, else none)",
    )
    .option('--frame-timeout <time>', 'longest time for one frame (default: 1h)', parseTtl)
    .option(
      '--progress-timeout <time>',
      'longest time without a sign of progress (default: 10m)',
      parseTtl,
    )
    .addOption(waitAtMostOption())
    .addOption(notifyOption())
    .option('--no-wait', 'start it and return')
    .option(
      '--no-queue',
      'refuse it if the plan lets no more workloads run now; without this it waits its turn',
    )
    .addOption(
      textOption('--customer <id>', 'whose workload it is; only for operators', 'your own'),
    );
