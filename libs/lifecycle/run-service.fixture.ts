/** A service that does nothing but what the spec asks of it, as a process of its own. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { z } from 'zod';
import { duration, listenAddress, loadConfig } from '#libs/config/index.ts';
import { runService } from './index.ts';

const variables = z.object({ MUSTER_LISTEN: listenAddress(), MUSTER_PACE: duration() });

const forEver = () => new Promise<never>(() => {});

process.exit(
  await runService({
    name: 'fixture',
    env: process.env,
    args: process.argv.slice(2),
    variables,
    drainMs: 2_000,
    start: async ({ env, log, stack, signal }) => {
      const { MUSTER_LISTEN: listen } = loadConfig(variables, env);
      for (const part of ['first', 'second']) {
        stack.defer(() => log.info(`closed ${part}`));
      }
      const server = stack.adopt(createServer(), (open) => void open.close());
      await once(server.listen(0), 'listening');
      switch (env['BEHAVIOUR']) {
        case 'fail':
          throw new Error('the database does not answer');
        case 'slow-start':
          process.stdout.write('starting\n');
          await once(signal, 'abort');
          break;
        case 'crash':
          setImmediate(() => {
            throw new Error('nobody expected this');
          });
          break;
        case 'reject':
          void Promise.reject(new Error('nobody expected this'));
          break;
        case 'close-fails':
          stack.defer(() => Promise.reject(new Error('cannot close')));
          break;
        case 'hang':
          return { address: listen, drain: forEver };
        case undefined:
        default:
      }
      return { address: listen, drain: async () => log.info('drained') };
    },
  }),
);
