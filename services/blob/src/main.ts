import { runService } from '#libs/lifecycle/index.ts';
import { boundMemory } from './bound-memory.ts';
import { readConfig, variables } from './config.ts';
import { startBlob } from './service.ts';

/** Leaves the lifecycle its share of the 20 s that a drain may take. */
const GRACE_MS = 15_000;

const code = await runService({
  name: 'blob',
  env: process.env,
  args: process.argv.slice(2),
  variables,
  start: async ({ env, log, stack }) => {
    const server = await startBlob(readConfig(env), log, stack);
    boundMemory();
    return { address: server.address, drain: () => server.drain(GRACE_MS) };
  },
});
process.exit(code);
