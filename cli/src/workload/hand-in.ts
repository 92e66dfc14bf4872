import { join, resolve } from 'node:path';
import type { RenderSpec } from '#libs/contracts/common.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { textOf, usage } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { toDuration } from '../options.ts';
import { persistently, startPatience } from '../patience.ts';
import { openInput, type ProjectInput } from '../project/input.ts';
import type { Allowance } from '../project/permitted.ts';
import { type Prepared, prepareProject } from '../project/prepare.ts';
import { type HandedIn, type OnSending, send } from '../project/send.ts';
import { createSendingDisplay } from '../project/sending-display.ts';
import { workloadIn, workloadsOf } from './client.ts';
import { deviceOf } from './device.ts';
import { earlierFiles, tellEarlier } from './earlier-files.ts';
import type { Film } from './films.ts';
import { checkMovie, type Fps } from './movie.ts';
import { outDirectory } from './out-directory.ts';
import { formats, orders, type RenderOptions } from './render-options.ts';
import { NO_TILES } from './tiles.ts';

/** What is rendered, and which of its files may be missing. */
interface Given {
  path: string;
  allowMissing: Allowance;
}

/** In `--allow-missing scene.blend`, the last word is what is rendered and no pattern. */
export const givenOf = (
  path: string | undefined,
  { allowMissing = false }: RenderOptions,
): Given => {
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

export interface Started {
  workload: Workload;
  input: HandedIn;
  /** Where the frames go. */
  directory: string;
  /** Files of frames that were in it before. */
  earlier: readonly string[];
  /** Whether people were told that frames are not in the format of the file. */
  isFormatTold?: boolean;
  /** The film to make of them; undefined if none is. */
  film: Film | undefined;
}

/** The film that a file with a movie format becomes. */
const MOVIE = 'movie.mp4';

/** Whether a file with a movie format becomes one without being asked. */
const isFilmed = ({
  movie,
  format,
  wait,
}: Pick<RenderOptions, 'movie' | 'format' | 'wait'>): boolean =>
  movie === undefined && format === 'as-in-file' && wait;

const DEFAULT_FPS: Fps = { count: 24, base: 1 };

export const handIn = async (
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
  const target = options.movie === undefined ? join(directory, MOVIE) : resolve(cwd, options.movie);
  const film =
    options.movie !== undefined || (isMovie && isFilmed(options)) ? { target, fps } : undefined;
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
    engine: options.engine,
    include: options.include.map((each) => resolve(cli.cwd, each)),
  });
  let { isMovie } = chosen;
  if (isMovie === true && isFilmed(options)) {
    await checkMovie(MOVIE).catch((error: unknown) => {
      output.note(`no film: ${textOf(error)}`);
      isMovie = false;
    });
  }
  if (chosen.whole !== undefined && options.tiles.tiles > 0 && !options.tiles.tilesIfSlow) {
    output.note(chosen.whole);
  }
  const mesh = await invocation.mesh();
  const patience = startPatience(invocation);
  const { startWorkload } = workloadsOf(mesh);
  const { interrupt: signal } = cli;
  const spec = { $case: 'render', value: renderSpec({ ...options, ...chosen }) } as const;
  const ask = { objectId: '', spec, wantedUsers, requestId: '', customerId, queue };
  // So is what the plan does not allow now.
  await persistently(patience, () => startWorkload({ ...ask, validateOnly: true }, { signal }));
  const display = createSendingDisplay(output, cli.clock);
  const to = { cli, mesh, customerId, patience };
  const onSending: OnSending = (progress) => display.show(progress);
  const onResumed = (name: string, bytes: number): void => display.resumed(name, bytes);
  const { objectId, ...sent } = await send({ ...to, files, onSending, onResumed });
  display.finish();
  const request = { ...ask, objectId, requestId: cli.random.id('r') };
  const workload = workloadIn(
    await persistently(patience, () => startWorkload(request, { signal })),
  );
  const { fps, isFormatTold = false } = chosen;
  return {
    workload,
    input: { ...sent, missingFiles: missing.length },
    isFormatTold,
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
  engine: options.engine,
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
