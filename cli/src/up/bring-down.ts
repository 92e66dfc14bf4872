import { realpath } from 'node:fs/promises';
import { poll } from '#libs/async/index.ts';
import type { Cli } from '../cli.ts';
import { precondition } from '../failures.ts';
import { readIfThere } from './files.ts';
import { layoutOf } from './layout.ts';
import { endLeftovers } from './leftovers.ts';
import { findHolder, takeLock } from './lock.ts';
import { isAlive, signal } from '#libs/programs/index.ts';

/** Longer than an `up` takes that has to kill its agents, services and stores. */
const PATIENCE_MS = 90_000;
const POLL_MS = 100;

/**
 * Asks the `up` of a directory to end, and ends what a killed one left behind. Safe to repeat.
 *
 * @throws FAILED_PRECONDITION `STILL_RUNNING` when it does not end
 */
export const bringDown = async (
  { clock, interrupt }: Pick<Cli, 'clock' | 'interrupt'>,
  data: string,
  note: (text: string) => void,
): Promise<'ended' | 'nothing'> => {
  const directory = await realpath(data).catch(() => undefined);
  if (directory === undefined) {
    return 'nothing';
  }
  const layout = layoutOf(directory);
  const nonce = (await readIfThere(layout.nonce))?.trim();
  if (nonce === undefined || nonce === '') {
    return 'nothing';
  }

  const holder = await findHolder(layout.lock);
  if (holder !== undefined) {
    await signal(holder, 'SIGTERM');
    const hasEnded = async () => !(await isAlive(holder));
    if (
      !(await poll(hasEnded, { clock, everyMs: POLL_MS, withinMs: PATIENCE_MS, signal: interrupt }))
    ) {
      throw precondition(
        'STILL_RUNNING',
        `process ${holder.pid} did not end within ${PATIENCE_MS / 1_000} s`,
      );
    }
  }
  await using _lock = await takeLock(layout.lock);
  const leftovers = await endLeftovers(clock, nonce, layout.directory);
  if (leftovers > 0) {
    note(`ended ${leftovers} processes that a killed \`muster up\` left behind`);
  }
  return holder === undefined && leftovers === 0 ? 'nothing' : 'ended';
};
