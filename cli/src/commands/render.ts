import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { RenderFormat, RenderOrder, type RenderSpec } from '#libs/contracts/common.ts';
import { type Workload, WorkloadState } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { usage } from '../failures.ts';
import { plural } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import {
  collect,
  countOption,
  parseTtl,
  toDuration,
  waitAtMostOption,
  type WaitOptions,
} from '../options.ts';
import { persistently, startPatience } from '../patience.ts';
import { openInput, type ProjectInput } from '../project/input.ts';
import type { Allowance } from '../project/permitted.ts';
import { type Prepared, prepareProject } from '../project/prepare.ts';
import { type HandedIn, type OnSending, send } from '../project/send.ts';
import { createSendingDisplay } from '../project/sending-display.ts';
import {
  checkDevice,
  deviceMemoryOption,
  deviceOf,
  deviceOption,
  type DeviceOptions,
} from '../workload/device.ts';
import { NO_TILES, type Tiles, tilesOption } from '../workload/tiles.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { earlierFields, earlierFiles, mixtureOf, tellEarlier } from '../workload/earlier-files.ts';
import { createFetcher, type Fetched, type Fetcher } from '../workload/fetch.ts';
import { type Film, makeFilms } from '../workload/films.ts';
import { checkFfmpeg, type Fps } from '../workload/movie.ts';
import { outDirectory } from '../workload/out-directory.ts';
import { notifyEnd, notifyOption, type NotifyOptions } from '../workload/notify.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { drawContactSheet, growSheet } from '../workload/sheets.ts';
import { printSummary } from '../workload/summary.ts';

const orders = {
  'coarse-first': RenderOrder.COARSE_FIRST,
  sequential: RenderOrder.SEQUENTIAL,
} as const;
const formats = {
  'as-in-file': RenderFormat.AS_IN_FILE,
  PNG: RenderFormat.PNG,
  JPEG: RenderFormat.JPEG,
  OPEN_EXR: RenderFormat.OPEN_EXR,
  png: RenderFormat.PNG,
  jpeg: RenderFormat.JPEG,
  exr: RenderFormat.OPEN_EXR,
} as const;

interface RenderOptions extends WaitOptions, NotifyOptions, DeviceOptions {
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

export const render: Define = (command, { does }) =>
  command
    .argument(
      '[path]',
      'a .blend, with which the files go that it reads; or the folder or zip file of a project',
    )
    .option('--blend <name>', 'which .blend of a folder or zip file (default: the only one)', '')
    .addOption(
      new Option(
        '--include <path>',
        'a file or folder outside of the project that may go along; repeatable',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--frames <expression>', "1-10,20-40x2 (default: the file's own range)", '')
    .addOption(
      new Option('--order <order>', 'which frames first')
        .choices(Object.keys(orders))
        .default('sequential'),
    )
    .option(
      '--engine <engine>',
      'CYCLES, BLENDER_EEVEE or BLENDER_WORKBENCH (default: as in the file)',
      '',
    )
    .addOption(deviceOption())
    .addOption(deviceMemoryOption())
    .addOption(
      countOption('--samples <n>', 'samples per pixel (default: as in the file)', [1, 65_536], 0),
    )
    .addOption(
      countOption('--scale <percent>', "size in percent of the file's resolution", [1, 400], 0),
    )
    .addOption(
      new Option('--format <format>', 'of the frames; instead of a movie they are PNG')
        .choices(Object.keys(formats))
        .default('as-in-file'),
    )
    .option('--scene <name>', 'the scene (default: the current one)', '')
    .option('--camera <name>', 'the camera of all frames (default: as in the file)', '')
    .option('--view-layer <name>', 'the only view layer to render (default: as in the file)', '')
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
    .option('--bake-timeout <time>', 'longest time for baking, 12h by default', parseTtl)
    .option('--out <dir>', 'where the frames go (default: ./<file name>-frames)')
    .option(
      '--contact-sheet <file>',
      'where the contact sheet goes, a PNG; from small previews it grows there every 10 s (default: contact-sheet.png beside the frames, at the end)',
    )
    .option(
      '--movie <file>',
      "where a film of the frames goes, at the file's rate and without sound; its ending says which kind (default: movie.mp4 beside the frames if the file names a movie format, else none)",
    )
    .option('--frame-timeout <time>', 'longest time for one frame, 1h by default', parseTtl)
    .option(
      '--progress-timeout <time>',
      'longest time without a sign of progress, 10m by default',
      parseTtl,
    )
    .addOption(waitAtMostOption())
    .addOption(notifyOption())
    .option('--no-wait', 'start it and return')
    .option(
      '--no-queue',
      'refuse it if the plan lets no more workloads run now; without this it waits its turn',
    )
    .option('--customer <id>', 'whose workload it is; only for operators', '')
    .action(
      does<[string | undefined], RenderOptions>(async (invocation, [path], options) => {
        const { cli, output } = invocation;
        const startedMs = cli.clock.monotonic();
        const given = givenOf(path, options);
        checkDevice(options, options.tiles);
        if (options.movie !== undefined && options.wait) {
          await checkFfmpeg();
        }
        const handedIn = await handIn(invocation, given, options);
        const { workload, directory, earlier, input, film } = handedIn;
        tellStart(invocation, handedIn);
        if (!options.wait) {
          return exitCodes.done;
        }

        const mesh = await invocation.mesh();
        const onFetched = (fetched: Fetched): void => output.json(frameEvent(fetched));
        let fetcher: Fetcher | undefined;
        const sheet = resolve(
          cli.cwd,
          options.contactSheet ?? join(directory, 'contact-sheet.png'),
        );
        await using growing = new AsyncDisposableStack();
        const ended = await runToEnd(invocation, workload, {
          makeCompanion: (patience, note) => {
            if (options.contactSheet !== undefined) {
              growing.use(growSheet(cli, mesh, workload, sheet, note));
            }
            return (fetcher = createFetcher({
              cli,
              mesh,
              workload,
              directory,
              patience,
              onFetched,
            }));
          },
          waitAtMost: options.waitAtMost,
        });
        await growing.disposeAsync();
        const wallSeconds = (cli.clock.monotonic() - startedMs) / 1_000;
        await drawContactSheet(invocation, fetcher, directory, sheet);
        if (film !== undefined && ended.state === WorkloadState.COMPLETED) {
          await makeFilms(invocation, fetcher, film);
        }
        const mixture = mixtureOf(directory, earlier, fetcher);
        printSummary(output, { workload: ended, wallSeconds, input, mixture });
        await notifyEnd(invocation, options, ended, wallSeconds);
        return exitCodeOfEnd(ended);
      }),
    );

/** What is rendered, and which of its files may be missing. */
interface Given {
  path: string;
  allowMissing: Allowance;
}

/** In `--allow-missing scene.blend`, the last word is what is rendered and no pattern. */
const givenOf = (path: string | undefined, { allowMissing = false }: RenderOptions): Given => {
  if (path !== undefined) {
    return { path, allowMissing };
  }
  const words = typeof allowMissing === 'boolean' ? [] : allowMissing;
  const last = words.at(-1);
  if (last === undefined) {
    throw usage('name the .blend, or the folder or zip file of a project');
  }
  return { path: last, allowMissing: words.length === 1 ? true : words.slice(0, -1) };
};

interface Started {
  workload: Workload;
  input: HandedIn;
  /** Where the frames go. */
  directory: string;
  /** Files of frames that were in it before. */
  earlier: readonly string[];
  /** The film to make of them; undefined if none is. */
  film: Film | undefined;
}

const DEFAULT_FPS: Fps = { count: 24, base: 1 };

const handIn = async (
  invocation: Invocation,
  { path, allowMissing }: Given,
  options: RenderOptions,
): Promise<Started> => {
  const { cwd } = invocation.cli;
  await using input = await openInput(resolve(cwd, path), options.blend);
  const directory = await outDirectory(cwd, options.out ?? `${input.name}-frames`);
  const earlier = options.wait ? await earlierFiles(directory, 'frame') : [];
  tellEarlier(invocation.output, directory, earlier);
  const started = await start(invocation, input, { ...options, allowMissing });
  const { isMovie = false, fps = DEFAULT_FPS } = started;
  const isWanted = isMovie && options.format === 'as-in-file';
  const target =
    options.movie === undefined ? join(directory, 'movie.mp4') : resolve(cwd, options.movie);
  const film = options.movie !== undefined || isWanted ? { target, fps } : undefined;
  return { ...started, directory, earlier, film };
};

const start = async (
  invocation: Invocation,
  input: ProjectInput,
  options: Omit<RenderOptions, 'allowMissing'> & Pick<Given, 'allowMissing'>,
): Promise<Omit<Started, 'directory' | 'earlier' | 'film'> & Pick<Prepared, 'isMovie' | 'fps'>> => {
  const { cli, output } = invocation;
  const { customer: customerId, users: wantedUsers, queue } = options;
  // Before a byte is sent: what no machine could render is told here and now.
  const { files, missing, ...chosen } = await prepareProject(invocation, input, {
    ...options,
    engine: options.engine.toUpperCase(),
    include: options.include.map((each) => resolve(cli.cwd, each)),
  });
  const mesh = await invocation.mesh();
  const patience = startPatience(invocation);
  const display = createSendingDisplay(output, cli.clock);
  const to = { cli, mesh, customerId, patience };
  const onSending: OnSending = (progress) => display.show(progress);
  const { objectId, ...sent } = await send({ ...to, files, onSending });
  display.finish();
  const spec = { $case: 'render', value: renderSpec({ ...options, ...chosen }) } as const;
  const ask = { objectId, spec, wantedUsers, requestId: cli.random.id('r'), customerId, queue };
  const { startWorkload } = workloadsOf(mesh);
  const workload = workloadIn(
    await persistently(patience, () => startWorkload(ask, { signal: cli.interrupt })),
  );
  const { isMovie, fps } = chosen;
  return {
    workload,
    input: { ...sent, missingFiles: missing.length },
    ...(isMovie !== undefined && { isMovie }),
    ...(fps && { fps }),
  };
};

const renderSpec = (
  options: Omit<RenderOptions, 'allowMissing'> &
    Pick<Given, 'allowMissing'> &
    Pick<RenderSpec, 'physics'>,
): RenderSpec => ({
  frames: options.frames,
  order: orders[options.order],
  engine: options.engine.toUpperCase(),
  samples: options.samples,
  scalePercent: options.scale,
  format: formats[options.format],
  scene: options.scene,
  camera: options.camera,
  viewLayer: options.viewLayer,
  allowMissing: options.allowMissing === true,
  allowedMissing: typeof options.allowMissing === 'boolean' ? [] : [...options.allowMissing],
  frameTimeout: toDuration(options.frameTimeout),
  progressTimeout: toDuration(options.progressTimeout),
  physics: options.physics,
  // Strips that one machine renders one after the other save nothing.
  ...(options.users === 1 && options.tiles.tilesIfSlow ? NO_TILES : options.tiles),
  ...deviceOf(options),
  bakeTimeout: toDuration(options.bakeTimeout),
  maxFailures: 0,
  maxLosses: 0,
});

const tellStart = (
  { output }: Invocation,
  { workload, input, directory, earlier }: Started,
): void => {
  const { workloadId, total, firstFrame: first, lastFrame: last, queued } = workload;
  const place = queued ? { queued } : {};
  output.json({ event: 'started', workload: workloadId, total, first, last, ...place, input });
  if (earlier.length > 0) {
    output.json({
      event: 'warning',
      reason: 'OUT_HOLDS_FRAMES',
      ...earlierFields(directory, earlier),
    });
  }
  const waits = queued ? `, waits in the queue (muster why ${workloadId})` : '';
  output.text(
    `${workload.fileName}: workload ${workloadId}, ${plural(total, 'frame')} from ${first} to ${last}${waits}`,
  );
};

const frameEvent = ({
  result: { frame, userName, seconds, notes, used },
  path: file,
  further,
}: Fetched): object => ({
  event: 'frame',
  frame,
  file,
  user: userName,
  seconds: Math.round(seconds * 1_000) / 1_000,
  ...(further.length > 0 && { further }),
  ...(used && { used }),
  ...(notes.length > 0 && { notes }),
});
