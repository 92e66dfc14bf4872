import { WorkloadState, type UserShare, type Workload } from '#libs/contracts/session.ts';
import { formatBytes, formatEnum, formatSeconds, plural } from '../formats.ts';
import type { Output } from '../output.ts';
import type { HandedIn } from '../project/send.ts';
import { madeWithText, nameOf } from './describe.ts';
import { mixtureFields, tellMixture, type Mixture } from './earlier-files.ts';
import { viewOf } from './kinds.ts';
import { type IsTold, printNotes } from './notes.ts';

/** What people and programs are told about a workload that has ended. */
interface Summary {
  workload: Workload;
  /** From the command's start to the end, as the person at the keyboard saw it. */
  wallSeconds: number;
  /** What went to the mesh for it; undefined if another command handed it in. */
  input?: HandedIn;
  /** What the folder of the results had before; undefined if none were fetched. */
  mixture?: Mixture | undefined;
  /** How many files were fetched beside the results themselves. */
  furtherFiles?: number;
  /** Whether people were told a note before the work began. */
  isTold?: IsTold;
}

/** The last event of `--json`: `completed`, `failed` or `stopped`. */
export const summaryEvent = ({
  workload,
  wallSeconds,
  input,
  mixture,
  furtherFiles = 0,
}: Summary): object => ({
  event: formatEnum(workload.state, 'WORKLOAD_STATE_'),
  workload: workload.workloadId,
  frames: workload.completed,
  failed: workload.failed,
  seconds: Math.round(wallSeconds * 10) / 10,
  users: framesByName(workload.shares),
  ...(input && { input }),
  ...(mixture && mixtureFields(mixture)),
  ...(furtherFiles > 0 && { furtherFiles }),
  ...(workload.notes.length > 0 && { notes: workload.notes }),
  ...(workload.state === WorkloadState.COMPLETED
    ? {}
    : { reason: workload.reason, message: workload.reasonMessage }),
});

/** Counts machines of the same name together. */
const framesByName = (shares: readonly UserShare[]): Record<string, number> => {
  const users: Record<string, number> = {};
  for (const share of shares) {
    const name = nameOf(share);
    users[name] = (users[name] ?? 0) + share.completed;
  }
  return users;
};

/** Who rendered what, and whether it was worth it, for people; for programs the last event. */
export const printSummary = (output: Output, summary: Summary): void => {
  const { workload } = summary;
  const noun = viewOf(workload).noun;
  // Where others are prepared first, only the time says who did how much.
  const partOf = ({ completed, seconds }: UserShare): number =>
    workload.nodes.length > 0 ? seconds : completed;
  const made = workload.shares.reduce((sum, share) => sum + partOf(share), 0);
  if (workload.shares.length > 0) {
    output.text('');
    output.table(workload.shares, [
      ['USER', nameOf],
      [`${noun.toUpperCase()}S`, ({ completed }) => completed, 'right'],
      ['SHARE', (share) => `${Math.round((100 * partOf(share)) / (made || 1))} %`, 'right'],
      ['WORK', ({ seconds }) => formatSeconds(seconds), 'right'],
      [
        `PER ${noun.toUpperCase()}`,
        ({ completed, seconds }) => (completed > 0 ? formatSeconds(seconds / completed) : '–'),
        'right',
      ],
    ]);
    output.text('');
  }
  if (summary.input !== undefined) {
    output.text(inputLine(summary.input));
  }
  if (workload.madeWith.length > 0) {
    output.text(`rendered by ${madeWithText(workload)}`);
  }
  const newer = newerThanFile(workload);
  if (newer !== undefined) {
    output.text(
      `note: the file was saved with Blender ${workload.blenderVersion}, and ${newer} can show it otherwise; an agent with that version renders it as it was`,
    );
  }
  printNotes(output, workload, summary.isTold);
  if (summary.mixture !== undefined) {
    tellMixture(output, summary.mixture);
  }
  const { furtherFiles = 0 } = summary;
  if (furtherFiles > 0) {
    output.text(`fetched ${plural(furtherFiles, 'further file')} beside the ${noun}s`);
  }
  output.text(verdict(summary));
  output.json(summaryEvent(summary));
};

/** Major and minor version as one number; until 2.93, the second part had two digits. */
const minorOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 100 + minor;
};

/** The newest version that rendered, if it is of a later series than the one that saved the file. */
const newerThanFile = ({ blenderVersion, madeWith }: Workload): string | undefined =>
  blenderVersion === ''
    ? undefined
    : madeWith
        .map(({ used }) => used?.version ?? '')
        .filter((version) => minorOf(version) > minorOf(blenderVersion))
        .sort((a, b) => minorOf(b) - minorOf(a))[0];

/** `13 files, 3.2 MiB: sent 1 (20.0 KiB), the mesh had 12; rendered without 2 files`. */
const inputLine = (input: HandedIn): string => {
  const { files, bytes, sentFiles, sentBytes, thereFiles, missingFiles } = input;
  const there = thereFiles === 0 ? '' : `, the mesh had ${thereFiles}`;
  const without = missingFiles === 0 ? '' : `; rendered without ${plural(missingFiles, 'file')}`;
  const sent = sentFiles === 0 ? 'sent none' : `sent ${sentFiles} (${formatBytes(sentBytes)})`;
  return `${plural(files, 'file')}, ${formatBytes(bytes)}: ${sent}${there}${without}`;
};

const verdict = ({ workload, wallSeconds }: Summary): string => {
  const done = plural(workload.completed, viewOf(workload).noun);
  const wall = formatSeconds(wallSeconds);
  if (workload.state !== WorkloadState.COMPLETED) {
    const why = workload.reasonMessage || workload.reason || 'no reason was given';
    const failed = workload.failed > 0 ? `, ${workload.failed} failed` : '';
    return `${formatEnum(workload.state, 'WORKLOAD_STATE_')} after ${wall}: ${done} done${failed}. ${why}`;
  }
  // By the measured seconds of each task.
  const alone = workload.shares.reduce((sum, { seconds }) => sum + seconds, 0);
  const saved = alone - wallSeconds;
  const gain = saved > 0.5 ? `, so ${formatSeconds(saved)} were saved` : '';
  return `${done} in ${wall}; one machine would have worked ${formatSeconds(alone)}${gain}.`;
};
