import { basename, extname, join, resolve } from 'node:path';
import { Option } from 'commander';
import { RenderFormat, RenderOrder, type RenderSpec } from '#libs/contracts/common.ts';
import type { Result, Workload } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { textOf } from '../failures.ts';
import { plural, printable } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import {
  countOption,
  parseTtl,
  toDuration,
  waitAtMostOption,
  type WaitOptions,
} from '../options.ts';
import { persistently, startPatience } from '../patience.ts';
import { inspect } from '../project/inspect.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { createFetcher, type Fetched, type Fetcher } from '../workload/fetch.ts';
import { outDirectory } from '../workload/out-directory.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { printSummary } from '../workload/summary.ts';
import { checkReadable, uploadObject } from '../workload/upload.ts';

const orders = {
  'coarse-first': RenderOrder.COARSE_FIRST,
  sequential: RenderOrder.SEQUENTIAL,
} as const;
const formats = {
  PNG: RenderFormat.PNG,
  JPEG: RenderFormat.JPEG,
  OPEN_EXR: RenderFormat.OPEN_EXR,
} as const;

interface RenderOptions extends WaitOptions {
  frames: string;
  order: keyof typeof orders;
  engine: string;
  samples: number;
  scale: number;
  format: keyof typeof formats;
  scene: string;
  users?: number;
  allowMissing?: boolean;
  /** Seconds, like the next. */
  frameTimeout?: number;
  progressTimeout?: number;
  out?: string;
  wait: boolean;
  customer: string;
}

export const render: Define = (command, { does }) =>
  command
    .argument('<file>', 'the .blend file')
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
    .addOption(
      countOption('--samples <n>', 'samples per pixel (default: as in the file)', [1, 65_536], 0),
    )
    .addOption(
      countOption('--scale <percent>', "size in percent of the file's resolution", [1, 400], 0),
    )
    .addOption(
      new Option('--format <format>', 'of the frames').choices(Object.keys(formats)).default('PNG'),
    )
    .option('--scene <name>', 'the scene (default: the current one)', '')
    .addOption(
      countOption(
        '--users <n>',
        'how many users it wants (default: as many as the plan allows)',
        [0, 100_000],
      ),
    )
    .option('--allow-missing', 'render although pictures or libraries did not travel with the file')
    .option('--out <dir>', 'where the frames go (default: ./<file name>-frames)')
    .option('--frame-timeout <time>', 'longest time for one frame, 1h by default', parseTtl)
    .option(
      '--progress-timeout <time>',
      'longest time without a sign of progress, 10m by default',
      parseTtl,
    )
    .addOption(waitAtMostOption())
    .option('--no-wait', 'start it and return')
    .option('--customer <id>', 'whose workload it is; only for operators', '')
    .action(
      does<[string], RenderOptions>(async (invocation, [file], options) => {
        const { cli, output } = invocation;
        const path = resolve(cli.cwd, file);
        await checkReadable(path);
        const startedMs = cli.clock.monotonic();
        const directory = await outDirectory(
          cli.cwd,
          options.out ?? `${basename(file, extname(file))}-frames`,
        );
        const workload = await start(invocation, path, options);
        tellStart(invocation, workload);
        if (!options.wait) {
          return exitCodes.done;
        }

        const mesh = await invocation.mesh();
        const onFetched = ({ result, path: landed }: Fetched): void =>
          output.json(frameEvent(result, landed));
        let fetcher: Fetcher | undefined;
        const ended = await runToEnd(invocation, workload, {
          makeCompanion: (patience) =>
            (fetcher = createFetcher({ cli, mesh, workload, directory, patience, onFetched })),
          waitAtMost: options.waitAtMost,
        });
        const wallSeconds = (cli.clock.monotonic() - startedMs) / 1_000;
        await drawContactSheet(invocation, fetcher, directory);
        printSummary(output, { workload: ended, wallSeconds });
        return exitCodeOfEnd(ended);
      }),
    );

const start = async (
  invocation: Invocation,
  path: string,
  options: RenderOptions,
): Promise<Workload> => {
  const { cli } = invocation;
  const { customer: customerId, users: wantedUsers } = options;
  // Before a byte is sent: what no machine could render is told here and now.
  const inspected = await inspect(path, { ...options, engine: options.engine.toUpperCase() });
  const mesh = await invocation.mesh();
  const patience = startPatience(invocation);
  const { objectId } = await uploadObject({ cli, mesh, path, customerId, patience });
  const spec = { $case: 'render', value: renderSpec({ ...options, ...inspected }) } as const;
  const ask = { objectId, spec, wantedUsers, requestId: cli.random.id('r'), customerId };
  const { startWorkload } = workloadsOf(mesh);
  return workloadIn(
    await persistently(patience, () => startWorkload(ask, { signal: cli.interrupt })),
  );
};

const renderSpec = (options: RenderOptions): RenderSpec => ({
  frames: options.frames,
  order: orders[options.order],
  engine: options.engine.toUpperCase(),
  samples: options.samples,
  scalePercent: options.scale,
  format: formats[options.format],
  scene: options.scene,
  allowMissing: options.allowMissing ?? false,
  frameTimeout: toDuration(options.frameTimeout),
  progressTimeout: toDuration(options.progressTimeout),
  maxFailures: 0,
  maxLosses: 0,
});

const tellStart = ({ output }: Invocation, workload: Workload): void => {
  const { workloadId, total, firstFrame: first, lastFrame: last } = workload;
  output.json({ event: 'started', workload: workloadId, total, first, last });
  output.text(
    `${printable(workload.fileName)}: workload ${workloadId}, ${plural(total, 'frame')} from ${first} to ${last}`,
  );
};

const frameEvent = ({ frame, userName, seconds, notes }: Result, file: string): object => ({
  event: 'frame',
  frame,
  file,
  user: userName,
  seconds: Math.round(seconds * 1_000) / 1_000,
  ...(notes.length > 0 && { notes }),
});

/** A contact sheet that cannot be drawn is noted and fails nothing, because the frames are the work. */
const drawContactSheet = async (
  { output }: Invocation,
  fetcher: Fetcher | undefined,
  directory: string,
): Promise<void> => {
  const fetched = [...(fetcher?.fetched.values() ?? [])];
  const frames = fetched.sort((a, b) => a.result.frame - b.result.frame).map(({ path }) => path);
  if (frames.length === 0) {
    return;
  }
  const sheet = join(directory, 'contact-sheet.png');
  try {
    // Loads sharp, which nobody needs before the end.
    const { writeContactSheet } = await import('../workload/contact-sheet.ts');
    await writeContactSheet(frames, sheet);
    output.text(`${plural(frames.length, 'frame')} in ${directory}, all at a glance in ${sheet}`);
  } catch (error) {
    output.note(`no contact sheet: ${textOf(error)}`);
  }
};
