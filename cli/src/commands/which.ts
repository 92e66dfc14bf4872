import type { Command } from 'commander';

export interface WhichOptions {
  customer: string;
}

/** Adds `[id]` and `--customer`: without an id the command means the workload that runs. */
export const whichWorkload = (command: Command): Command =>
  command
    .argument('[id]', 'the workload (default: the one that runs)', '')
    .option('--customer <id>', 'whose running workload is meant; for operators', '');
