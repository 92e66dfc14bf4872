import { ExitCode, runService } from '#libs/lifecycle/index.ts';
import { readConfig, variables } from './config.ts';
import { MAX_LEAVE_MS, startAgent } from './service.ts';

let isSuperseded = false;

const code = await runService({
  name: 'compute-agent',
  env: process.env,
  args: process.argv.slice(2),
  variables,
  drainMs: MAX_LEAVE_MS,
  start: async ({ env, log, signal }) => {
    const agent = await startAgent(readConfig(env), log, signal);
    const endWhenSuperseded = async (): Promise<void> => {
      await agent.superseded;
      isSuperseded = true;
      // This takes the same way as a signal from outside. A real signal would come too late, because nothing
      // keeps the process alive without a connection.
      process.emit('SIGTERM', 'SIGTERM');
    };
    void endWhenSuperseded();
    return { address: agent.address, drain: () => agent.leave(String(signal.reason)) };
  },
});
process.exit(isSuperseded && code === ExitCode.CLEAN ? ExitCode.FAILED : code);
