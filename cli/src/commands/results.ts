import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import { usage, writeFailure } from '../failures.ts';
import { WorkloadServiceService, type Workload } from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import { isTimeName } from '#libs/openfoam/index.ts';
import { chooseFiles, type FileChoice } from '../simulation/choose-files.ts';
import { allPages, tellList } from '../list.ts';
import { whichTasks, whichWorkload, type TasksOptions, type WhichOptions } from '../options.ts';
import type { Output } from '../output.ts';
import { patienceOf, persistently } from '../patience.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { createFetcher } from '../workload/fetch.ts';
import { viewOf } from '../workload/kinds.ts';
import { PATIENCE_MS } from '../workload/follow.ts';
import { outDirectory } from '../workload/out-directory.ts';
import { createPreviews } from '../workload/previews.ts';
import { earlierFiles, mixtureOf, tellMixture } from '../workload/earlier-files.ts';
import { previewFileName, resultFileName } from '../workload/file-names.ts';
import { resultColumns } from '../workload/result-columns.ts';
import { selectTasks, type Selection } from '../workload/selection.ts';

interface ResultsOptions extends WhichOptions, TasksOptions {
  out?: string;
  previews?: true;
  time?: string;
  only?: string[];
}

export const results: Define = (command, { does }) =>
  whichTasks(whichWorkload(command), 'only these, for example 1-10,20-40x2 (default: all)')
    .option('--out <dir>', 'fetch them into this directory')
    .option('--previews', 'with --out: fetch their small JPEG previews instead')
    .option('--time <time>', 'of cases: with --out only this time, or "latest"')
    .option(
      '--only <names>',
      'of cases: with --out only files of these names, for example U,p',
      splitNames,
    )
    .action(
      does<[string], ResultsOptions>(async (invocation, [id], options) => {
        const { customer: customerId, out, previews } = options;
        if (previews && out === undefined) {
          throw usage('--previews needs --out DIR, the directory for them');
        }
        const files = fileChoiceOf(options);
        const { output } = invocation;
        const client = workloadsOf(await invocation.mesh());
        const workload = workloadIn(await client.getWorkload({ workloadId: id, customerId }));
        if (files !== undefined && workload.spec?.$case !== 'simulation') {
          throw usage(`--time and --only choose files of cases, and ${id} is no simulation`);
        }
        const { tasks, frames = tasks } = options;
        const selection = frames === undefined ? undefined : selectTasks(workload, frames);
        let exitCode: number = exitCodes.done;
        if (out !== undefined) {
          const fetchThem = previews ? fetchPreviews : fetchAll;
          const code = await fetchThem(invocation, workload, { out, selection, files });
          if (!output.isJson) {
            return code;
          }
          exitCode = code;
        }
        const which = { workloadId: workload.workloadId, customerId: '', afterRevision: 0 };
        const listed = new Set<string>();
        await tellList(
          output,
          WorkloadServiceService.listResults,
          async (page) => {
            const { results: all, ...answer } = await client.listResults({ ...which, ...page });
            const chosen = selection === undefined ? all : all.filter(selection.has);
            chosen.forEach(({ task }) => listed.add(task));
            return { ...answer, results: chosen };
          },
          'results',
          resultColumns,
        );
        return out === undefined ? tellAbsent(output, workload, selection, listed) : exitCode;
      }),
    );

/** Wanted results that there are not (yet) make the command fail, because whoever names some counts on them. */
const tellAbsent = (
  output: Output,
  workload: Workload,
  selection: Selection | undefined,
  there: ReadonlySet<string>,
): number => {
  const absent = selection?.without(there) ?? '';
  if (absent === '') {
    return exitCodes.done;
  }
  output.note(
    `no result yet of ${viewOf(workload).noun} ${absent}; how the workload stands: muster show ${workload.workloadId}`,
  );
  return exitCodes.failed;
};

/** The names of a list with commas between them: `U,p`. */
const splitNames = (names: string): string[] => names.split(',').map((name) => name.trim());

/** What `--time` and `--only` choose; undefined without them. */
const fileChoiceOf = ({ time, only, out, previews }: ResultsOptions): FileChoice | undefined => {
  if (time === undefined && only === undefined) {
    return undefined;
  }
  if (out === undefined || previews) {
    throw usage('--time and --only need --out DIR, the directory for the files, and no --previews');
  }
  if (time !== undefined && time !== 'latest' && !isTimeName(time)) {
    throw usage(`"${time}" is no time; say a number such as 0.5, or latest`);
  }
  return { ...(time !== undefined && { time }), ...(only && { only }) };
};

/** Where results go, and which; without a selection all, and without a choice all their files. */
interface Wanted {
  out: string;
  selection: Selection | undefined;
  files: FileChoice | undefined;
}

/** Fetches the previews: `preview_0001.jpg` for `frame_0001.exr`. A result without one is counted and no failure. */
const fetchPreviews = async (
  invocation: Invocation,
  workload: Workload,
  { out, selection }: Wanted,
): Promise<number> => {
  const { cli, output } = invocation;
  const directory = await outDirectory(cli.cwd, out);
  const failure = (path: string, error: unknown): unknown =>
    writeFailure(path, error, `run it again: muster results ${workload.workloadId} --previews`);
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw failure(directory, error);
  });
  const mesh = await invocation.mesh();
  const { workloadId } = workload;
  const patience = patienceOf(invocation, PATIENCE_MS);
  let count = 0;
  let missing = 0;
  const replaced: string[] = [];
  const seen = new Set<string>();
  const previews = createPreviews({
    cli,
    mesh,
    workloadId,
    isWanted: selection?.has,
    persist: (call) => persistently(patience, call),
  });
  await previews.catchUp({
    onPreview: async ({ result, jpeg }) => {
      const name = previewFileName(workload, result);
      const path = join(directory, name);
      const before = await readFile(path).catch(() => undefined);
      if (before?.equals(jpeg) !== true) {
        await writeFile(path, jpeg).catch((error: unknown) => {
          throw failure(path, error);
        });
        replaced.push(...(before === undefined ? [] : [name]));
      }
      seen.add(result.task);
      count += 1;
    },
    onMissing: ({ task }) => {
      seen.add(task);
      missing += 1;
    },
  });
  tellMixture(output, { directory, replaced, others: [] });
  output.text(`${plural(count, 'preview')} in ${directory}`);
  if (missing > 0) {
    output.note(
      `${plural(missing, 'result')} ${missing === 1 ? 'has' : 'have'} no preview; fetch the whole: muster results ${workloadId} --out DIR`,
    );
  }
  return tellAbsent(output, workload, selection, seen);
};

/** Files in a folder that look like results, and are none of this workload's. */
const filesOfOthers = async (
  invocation: Invocation,
  workload: Workload,
  directory: string,
): Promise<string[]> => {
  const earlier = await earlierFiles(directory, viewOf(workload).noun);
  if (earlier.length === 0) {
    return [];
  }
  const client = workloadsOf(await invocation.mesh());
  const which = { workloadId: workload.workloadId, customerId: '', afterRevision: 0 };
  const pages = await allPages((page) => client.listResults({ ...which, ...page }));
  const own = new Set(
    pages
      .flatMap(({ results: some }) => some)
      .flatMap((one) => [one, ...one.files].map((file) => ({ ...one, ending: file.ending })))
      .map((one) => resultFileName(workload, one)),
  );
  return earlier.filter((name) => !own.has(name));
};

/** Fetches what is not there yet. A result that the mesh has lost ends nothing, and is named. */
const fetchAll = async (
  invocation: Invocation,
  workload: Workload,
  { out, selection, files }: Wanted,
): Promise<number> => {
  const { cli, output } = invocation;
  const directory = await outDirectory(cli.cwd, out);
  const mesh = await invocation.mesh();
  const patience = patienceOf(invocation, PATIENCE_MS);
  let chosenCount = 0;
  const choose = (paths: readonly string[]): ReadonlySet<string> => {
    const chosen = chooseFiles(paths, files ?? {});
    chosenCount += chosen.size;
    return chosen;
  };
  const lost: string[] = [];
  const others = await filesOfOthers(invocation, workload, directory);
  tellMixture(output, { directory, replaced: [], others });
  let isToldOfReplacing = false;
  const fetcher = createFetcher({
    cli,
    mesh,
    workload,
    directory,
    patience,
    ...(selection && { isWanted: selection.has }),
    choose,
    onFetched: () => {},
    onReplace: (path) => {
      if (!isToldOfReplacing) {
        isToldOfReplacing = true;
        output.note(`${path} has other bytes than the result, which takes its place`);
      }
    },
    onLost: ({ task }) => void lost.push(task),
  });
  await fetcher.catchUp();
  tellMixture(output, { ...mixtureOf(directory, [], fetcher), others: [] });
  const { fetched, there } = fetcher;
  const kept = [...fetched.values()].filter((one) =>
    [one.path, ...one.further].every((path) => there.has(path)),
  ).length;
  const already =
    kept === 0 ? '' : kept === fetched.size ? ', already there' : `, ${kept} of them already there`;
  output.text(`${plural(fetched.size, viewOf(workload).noun)} in ${directory}${already}`);
  const seen = new Set([...fetcher.fetched.keys(), ...lost]);
  const exitCode = tellAbsent(output, workload, selection, seen);
  if (files !== undefined && chosenCount === 0 && lost.length === 0) {
    output.note(
      'no result has such files; what there is: the same command without --time and --only',
    );
    return exitCodes.failed;
  }
  if (lost.length === 0) {
    return exitCode;
  }
  const named = lost.slice(0, 10).join(', ') + (lost.length > 10 ? ', …' : '');
  output.note(
    `${plural(lost.length, 'result')} could not be fetched (${named}), because storage lost or damaged them; have them made again: muster scrub ${workload.workloadId}`,
  );
  return exitCodes.failed;
};
