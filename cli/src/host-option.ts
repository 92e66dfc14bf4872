import { Option } from 'commander';
import type { Output } from './output.ts';

/** The host that a command is about, for those who have several. */
export interface HostOption {
  host: string;
}

/** `--host NAME`; `without`: what is meant without it. */
export const hostOption = (without: string): Option =>
  new Option('--host <name>', `the host; without it, ${without}`).default('', 'none');

export const ANYWHERE = 'the one where it fits';
export const ALL = 'all';
export const ASKED = 'the one whose broker answers';

/** Says whose part of an answer is missing. */
export const noteSilent = (output: Output, answers: readonly { unreachableHosts: readonly string[] }[]): void => {
  const hosts = new Set(answers.flatMap(({ unreachableHosts }) => unreachableHosts));
  if (hosts.size > 0) output.note(`without what is on ${[...hosts].join(', ')}: no answer from there`);
};
