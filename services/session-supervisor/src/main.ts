import { runService } from '#libs/lifecycle/index.ts';
import { readConfig, variables } from './config.ts';
import { startSupervisor } from './service.ts';

/** Time for open calls to finish. It leaves the lifecycle the rest of the 20 s that a drain may take. */
const GRACE_MS = 15_000;

const code = await runService({
  name: 'session-supervisor',
  env: process.env,
  args: process.argv.slice(2),
  variables,
  start: async ({ env, log, stack }) => {
    const server = await startSupervisor(readConfig(env), log, stack);
    return { address: server.address, drain: () => server.drain(GRACE_MS) };
  },
});
process.exit(code);
