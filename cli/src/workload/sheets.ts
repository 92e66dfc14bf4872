import type { Workload } from '#libs/contracts/session.ts';
import { textOf } from '../failures.ts';
import { plural } from '../formats.ts';
import type { Invocation } from '../invocation.ts';
import type { Mesh } from '../mesh.ts';
import type { Fetcher } from './fetch.ts';
import { startGrowingSheet } from './growing-sheet.ts';
import { createPreviews } from './previews.ts';

/** The contact sheet of a workload that runs, out of previews; frames without one are on the last sheet. */
export const growSheet = (
  cli: Invocation['cli'],
  mesh: Mesh,
  { workloadId }: Workload,
  target: string,
  note: (text: string) => void,
): AsyncDisposable => {
  const previews = createPreviews({ cli, mesh, workloadId, persist: (call) => call() });
  let told = '';
  return startGrowingSheet({
    clock: cli.clock,
    target,
    catchUp: (add) =>
      previews.catchUp({ onPreview: ({ result, jpeg }) => add(result.frame, jpeg) }),
    onFailure: (error) => {
      const text = `the contact sheet does not grow: ${textOf(error)}`;
      if (text !== told) {
        note(text);
      }
      told = text;
    },
  });
};

/** A contact sheet that cannot be drawn is noted and fails nothing, because the frames are the work. */
export const drawContactSheet = async (
  { output }: Invocation,
  fetcher: Fetcher | undefined,
  directory: string,
  sheet: string,
): Promise<void> => {
  const fetched = [...(fetcher?.fetched.values() ?? [])];
  const frames = fetched.sort((a, b) => a.result.frame - b.result.frame).map(({ path }) => path);
  if (frames.length === 0) {
    return;
  }
  try {
    // Loads sharp, which nobody needs before the end.
    const { writeContactSheet } = await import('./contact-sheet.ts');
    await writeContactSheet(frames, sheet);
    output.text(`${plural(frames.length, 'frame')} in ${directory}, all at a glance in ${sheet}`);
  } catch (error) {
    output.note(`no contact sheet: ${textOf(error)}`);
  }
};
