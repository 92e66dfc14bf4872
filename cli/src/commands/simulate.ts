import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Option } from 'commander';
import { Approval, type SimulationCase, type SimulationSpec } from '#libs/contracts/common.ts';
import type { Workload } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { usage } from '../failures.ts';
import { formatBytes, formatEnum, formatSeconds, plural } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import {
  countOption,
  listOption,
  parseTtl,
  textOption,
  toDuration,
  waitAtMostOption,
  type WaitOptions,
} from '../options.ts';
import { persistently, startPatience } from '../patience.ts';
import { casesOf, parseAxis, productOf, rowsOf } from '../simulation/cases.ts';
import { packCase } from '../simulation/pack.ts';
import { parseSteps } from '../simulation/steps.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { createFetcher } from '../workload/fetch.ts';
import { outDirectory } from '../workload/out-directory.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { uploadObject } from '../workload/upload.ts';

interface SimulateOptions extends WaitOptions {
  steps: string[];
  solver: string;
  approve: keyof typeof approvals;
  parallel: number;
  set: string[];
  table?: string;
  openfoam: string;
  allowCode?: true;
  checkpointEvery?: number;
  stepTimeout?: number;
  out?: string;
  wait: boolean;
  queue: boolean;
  customer: string;
}

const approvals = {
  auto: Approval.AUTO,
  ask: Approval.ASK,
  'if-failed': Approval.IF_FAILED,
} as const;

export const simulate: Define = (command, { does }) =>
  command
    .argument('<dir>', 'the folder of an OpenFOAM case')
    .addOption(
      new Option('--approve <when>', 'whether the solver waits until somebody approved the mesh')
        .choices(Object.keys(approvals))
        .default('auto'),
    )
    .addOption(
      countOption('--parallel <n>', 'how many processes solve a case together', [1, 1_024], 1),
    )
    .addOption(
      textOption('--solver <name>', 'instead of the application of the case', 'as in the case'),
    )
    .addOption(
      listOption(
        '--steps <step=program,…>',
        "what a step runs: mesh='blockMesh,topoSet', solve='icoFoam'; repeat it for more",
        'Allrun, or as the case tells',
      ),
    )
    .addOption(
      listOption(
        '--set <file:entry=a,b>',
        'one case for each value, and each combination; repeat it for more',
      ),
    )
    .option('--table <csv>', 'one case for each row; the head names FILE:ENTRY')
    .addOption(
      textOption(
        '--openfoam <version>',
        'only machines with this version, for example 1912',
        'any',
      ),
    )
    .option(
      '--allow-code',
      'let machines compile code that the case brings, where their owners allow that',
    )
    .addOption(
      new Option('--checkpoint-every <time>', 'between two checkpoints (default: 5m)').argParser(
        parseTtl,
      ),
    )
    .addOption(
      new Option('--step-timeout <time>', 'longest time for a step (default: 24h)').argParser(
        parseTtl,
      ),
    )
    .option('--out <dir>', 'where results go (default: NAME-results)')
    .option('--no-wait', 'start it, print its id, and leave')
    .option('--queue', 'wait for a slot of the plan instead of being refused', false)
    .addOption(textOption('--customer <id>', 'whose it is; for operators', 'your own'))
    .addOption(waitAtMostOption())
    .action(
      does<[string], SimulateOptions>(async (invocation, [path], options) => {
        const { cli, output } = invocation;
        const startedMs = cli.clock.monotonic();
        const folder = resolve(cli.cwd, path);
        const cases = await casesFor(invocation, options);
        const directory = await outDirectory(cli.cwd, options.out ?? `${basename(folder)}-results`);
        const workload = await start(invocation, folder, specOf(options, cases), options);
        const { workloadId, total } = workload;
        output.json({ event: 'started', workload: workloadId, total, cases: total });
        output.text(`${workload.fileName}: workload ${workloadId}, ${plural(total, 'case')}`);
        if (!options.wait) {
          return exitCodes.done;
        }
        const mesh = await invocation.mesh();
        const ended = await runToEnd(invocation, workload, {
          makeCompanion: (patience) =>
            createFetcher({ cli, mesh, workload, directory, patience, onFetched: () => undefined }),
          waitAtMost: options.waitAtMost,
        });
        tellEnd(invocation, ended, directory, (cli.clock.monotonic() - startedMs) / 1_000);
        return exitCodeOfEnd(ended);
      }),
    );

const casesFor = async (
  { cli }: Invocation,
  { set, table }: SimulateOptions,
): Promise<SimulationCase[]> => {
  const rows =
    table === undefined
      ? [[]]
      : rowsOf(
          await readFile(resolve(cli.cwd, table), 'utf8').catch((error: unknown) => {
            throw usage(`--table ${table} cannot be read: ${String(error)}`);
          }),
        );
  const products = productOf(set.map(parseAxis));
  return casesOf(rows.flatMap((row) => products.map((product) => [...row, ...product])));
};

const specOf = (options: SimulateOptions, cases: SimulationCase[]): SimulationSpec => ({
  steps: options.steps.map(parseSteps),
  solver: options.solver,
  approval: approvals[options.approve],
  parallel: options.parallel,
  cases,
  engine: '',
  version: options.openfoam,
  checkpointEvery: toDuration(options.checkpointEvery),
  stepTimeout: toDuration(options.stepTimeout),
  allowCode: options.allowCode === true,
  memoryBytes: 0,
  diskBytes: 0,
  maxFiles: 0,
  maxFailures: 0,
  maxLosses: 0,
});

const start = async (
  invocation: Invocation,
  folder: string,
  spec: SimulationSpec,
  { customer: customerId, queue }: SimulateOptions,
): Promise<Workload> => {
  const { cli, output } = invocation;
  const { interrupt: signal } = cli;
  const mesh = await invocation.mesh();
  const patience = startPatience(invocation);
  const { startWorkload } = workloadsOf(mesh);
  const ask = {
    objectId: '',
    spec: { $case: 'simulation', value: spec } as const,
    wantedUsers: undefined,
    requestId: '',
    customerId,
    queue,
  };
  // Before a byte is sent: what is wrong with the options, and what the plan does not allow now.
  await persistently(patience, () => startWorkload({ ...ask, validateOnly: true }, { signal }));
  const temporary = await mkdtemp(join(tmpdir(), 'muster-case-'));
  try {
    const archive = join(temporary, `${basename(folder)}.tar.zst`);
    const { files, bytes } = await packCase(folder, archive);
    output.note(`${basename(folder)}: ${plural(files, 'file')}, ${formatBytes(bytes)}`);
    const { objectId } = await uploadObject({ cli, mesh, path: archive, customerId, patience });
    const request = { ...ask, objectId, requestId: cli.random.id('r') };
    return workloadIn(await persistently(patience, () => startWorkload(request, { signal })));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

const tellEnd = (
  { output }: Invocation,
  ended: Workload,
  directory: string,
  wallSeconds: number,
): void => {
  const { workloadId, total, state, reason, reasonMessage } = ended;
  const event = formatEnum(state, 'WORKLOAD_STATE_');
  const failed = ended.nodes.find(({ node }) => node === 'solve')?.failed ?? ended.failed;
  const why = event === 'completed' ? {} : { reason, message: reasonMessage };
  const seconds = Math.round(wallSeconds * 10) / 10;
  output.json({
    event,
    workload: workloadId,
    cases: total,
    failed,
    seconds,
    out: directory,
    ...why,
  });
  const said = event === 'completed' ? '' : `, ${failed} failed: ${reason}: ${reasonMessage}`;
  output.text(
    `${workloadId} ${event}: ${plural(total, 'case')} in ${formatSeconds(wallSeconds)}${said}; results in ${directory}`,
  );
};
