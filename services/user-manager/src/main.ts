import { runService } from '#libs/lifecycle/index.ts';
import { readConfig, variables } from './config.ts';
import { startUserManager } from './service.ts';

/** Leaves the lifecycle its share of the 20 s that a drain may take. */
const GRACE_MS = 10_000;

const code = await runService({
  name: 'user-manager',
  env: process.env,
  args: process.argv.slice(2),
  variables,
  start: async ({ env, log, stack }) => {
    const server = await startUserManager(readConfig(env), log, stack);
    return { address: server.address, drain: () => server.drain(GRACE_MS) };
  },
});
process.exit(code);
