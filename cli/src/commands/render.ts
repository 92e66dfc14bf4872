import { join, resolve } from 'node:path';
import { WorkloadState } from '#libs/contracts/session.ts';
import { exitCodes } from '../exit-codes.ts';
import { plural } from '../formats.ts';
import type { Define, Invocation } from '../invocation.ts';
import { isFormatNote } from '../project/format-note.ts';
import type { IsTold } from '../workload/notes.ts';
import { checkDevice } from '../workload/device.ts';
import { earlierFields, mixtureOf } from '../workload/earlier-files.ts';
import { createFetcher, type Fetched, type Fetcher } from '../workload/fetch.ts';
import { makeFilms } from '../workload/films.ts';
import { givenOf, handIn, type Started } from '../workload/hand-in.ts';
import { checkMovie } from '../workload/movie.ts';
import { notifyEnd } from '../workload/notify.ts';
import { addRenderOptions, type RenderOptions } from '../workload/render-options.ts';
import { exitCodeOfEnd, runToEnd } from '../workload/run-to-end.ts';
import { drawContactSheet, growSheet } from '../workload/sheets.ts';
import { printSummary } from '../workload/summary.ts';

export const render: Define = (command, { does }) =>
  addRenderOptions(command).action(
    does<[string | undefined], RenderOptions>(async (invocation, [path], options) => {
      const { cli, output } = invocation;
      const startedMs = cli.clock.monotonic();
      const given = givenOf(path, options);
      checkDevice(options, options.tiles);
      if (options.movie !== undefined && options.wait) {
        await checkMovie(options.movie);
      }
      const handedIn = await handIn(invocation, given, options);
      const { workload, directory, earlier, input, film, isFormatTold = false } = handedIn;
      const isTold: IsTold = (text) => isFormatTold && isFormatNote(text);
      tellStart(invocation, handedIn);
      if (!options.wait) {
        return exitCodes.done;
      }

      const mesh = await invocation.mesh();
      const onFetched = (fetched: Fetched): void => output.json(frameEvent(fetched));
      let fetcher: Fetcher | undefined;
      const sheet = resolve(cli.cwd, options.contactSheet ?? join(directory, 'contact-sheet.png'));
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
        isTold,
      });
      await growing.disposeAsync();
      const wallSeconds = (cli.clock.monotonic() - startedMs) / 1_000;
      await drawContactSheet(invocation, fetcher, directory, sheet);
      const isFilmed =
        film === undefined ||
        ended.state !== WorkloadState.COMPLETED ||
        (await makeFilms(invocation, fetcher, film));
      const mixture = mixtureOf(directory, earlier, fetcher);
      const furtherFiles = [...(fetcher?.fetched.values() ?? [])].reduce(
        (sum, { further }) => sum + further.length,
        0,
      );
      printSummary(output, { workload: ended, wallSeconds, input, mixture, furtherFiles, isTold });
      await notifyEnd(invocation, options, ended, wallSeconds);
      return isFilmed ? exitCodeOfEnd(ended) : exitCodes.failed;
    }),
  );

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
