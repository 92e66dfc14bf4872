import { addAbortListener } from 'node:events';
import { Option } from 'commander';
import type { Workload } from '#libs/contracts/session.ts';
import { endGroup, startProgram } from '#libs/programs/index.ts';
import { within } from '#libs/async/index.ts';
import { textOf } from '../failures.ts';
import type { Invocation } from '../invocation.ts';
import { stateOf } from './describe.ts';

export interface NotifyOptions {
  notify?: string;
}

export const notifyOption = (): Option =>
  new Option(
    '--notify <command>',
    'a command for the shell to run after the end; it finds MUSTER_WORKLOAD, MUSTER_STATE, MUSTER_TOTAL, MUSTER_COMPLETED, MUSTER_FAILED, MUSTER_SECONDS, MUSTER_REASON, MUSTER_MESSAGE and MUSTER_FILE in its environment',
  );

/** A command that hangs must not keep the terminal. */
const WITHIN_MS = 60_000;

/** Other people chose some of these texts, so they are never part of the command itself. */
const environmentOf = (workload: Workload, wallSeconds: number): Record<string, string> => {
  const texts = {
    MUSTER_WORKLOAD: workload.workloadId,
    MUSTER_STATE: stateOf(workload),
    MUSTER_TOTAL: String(workload.total),
    MUSTER_COMPLETED: String(workload.completed),
    MUSTER_FAILED: String(workload.failed),
    MUSTER_SECONDS: wallSeconds.toFixed(1),
    MUSTER_REASON: workload.reason,
    MUSTER_MESSAGE: workload.reasonMessage,
    MUSTER_FILE: workload.fileName,
  };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, text.replaceAll('\0', '')]),
  );
};

/**
 * Runs the command that is to tell a person of the end of a workload, if there is one. What it prints goes to standard error.
 * If it fails, a note says so; the end is the same.
 */
export const notifyEnd = async (
  { cli, output }: Pick<Invocation, 'cli' | 'output'>,
  { notify: command }: NotifyOptions,
  workload: Workload,
  wallSeconds: number,
): Promise<void> => {
  if (command === undefined) {
    return;
  }
  try {
    const { pid, exited } = await startProgram({
      argv: ['/bin/sh', '-c', command],
      env: { ...cli.env.inherited, ...environmentOf(workload, wallSeconds) },
      cwd: cli.cwd,
      output: process.stderr.fd,
    });
    using _interrupted = addAbortListener(cli.interrupt, () => endGroup(pid));
    const ended = await within(cli.clock, WITHIN_MS, exited);
    if (ended === undefined) {
      endGroup(pid);
      output.note(`--notify: the command was ended after ${WITHIN_MS / 1_000} s`);
    } else if (ended.code !== 0) {
      output.note(`--notify: the command ended with ${ended.signal ?? `exit code ${ended.code}`}`);
    }
  } catch (error) {
    output.note(`--notify: the command could not be started: ${textOf(error)}`);
  }
};
