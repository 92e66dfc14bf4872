import { runService } from '#libs/lifecycle/index.ts';
import { readConfig, variables } from './config.ts';
import { kernelRanges } from './host/kernel-ports.ts';
import { startPortBroker } from './service.ts';

/** A drain may take 20 s, and the lifecycle needs the rest. */
const graceMs = 15_000;

const code = await runService({
  name: 'port-broker',
  env: process.env,
  args: process.argv.slice(2),
  variables,
  start: async ({ env, log, stack }) => {
    const server = await startPortBroker(readConfig(env, await kernelRanges()), log, stack);
    return { address: server.address, drain: () => server.drain(graceMs) };
  },
});
process.exit(code);
