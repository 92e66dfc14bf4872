import { Command } from 'commander';
import type { Actions, Invocation } from '../invocation.ts';
import { ALL, hostOption, type HostOption } from '../options.ts';
import { persistently, startPatience } from '../patience.ts';

export const STOP_MS = 30_000;

/** `list [--ended] [--host NAME]` of the programs behind ports. */
export const listSessions = (
  { does }: Actions,
  description: string,
  tell: (
    invocation: Invocation,
    ask: { host: string; includeEnded: boolean },
  ) => Promise<number | void>,
): Command =>
  new Command('list')
    .description(description)
    .option('--ended', 'also ended ones')
    .addOption(hostOption(ALL))
    .action(
      does<[], HostOption & { ended?: true }>((invocation, _args, { ended = false, host }) =>
        tell(invocation, { host, includeEnded: ended }),
      ),
    );

/** Starts one; `start` is repeated while the broker is away, and gets the same session again. */
export const startSession = <Answer>(
  invocation: Invocation,
  { startMs, wait = 0 }: { startMs: number; wait: number | undefined },
  start: (options: { deadlineMs: number; signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> => {
  const options = { deadlineMs: startMs + wait * 1_000, signal: invocation.cli.interrupt };
  return persistently(startPatience(invocation), () => start(options));
};
