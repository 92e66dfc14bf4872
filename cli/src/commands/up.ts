import { resolve } from 'node:path';
import { SYSTEM_CA, type TlsFiles } from '#libs/config/tls-files.ts';
import { usage } from '../failures.ts';
import type { Define, Invocation } from '../invocation.ts';
import { blenderOption, blendersOf, countOption, listOption } from '../options.ts';
import type { Tell, UpOptions } from '../up/surroundings.ts';

interface CommandOptions extends UpOptions {
  detach?: true;
}

export const up: Define = (command, { does }) =>
  command
    .option('--data <dir>', 'where everything of this mesh is kept', '.muster')
    .addOption(countOption('--agents <n>', 'compute agents on this machine', [0, 1_000], 1))
    .addOption(
      countOption('--slots <n>', 'tasks that each agent works on at a time', [1, 1_000], 1),
    )
    .option(
      '--engines <list>',
      'engines of the agents: auto, or some of CYCLES,BLENDER_EEVEE,BLENDER_WORKBENCH,noop',
      'auto',
    )
    .addOption(blenderOption())
    .option('--no-sandbox', 'let agents run renderers, and blob decode pictures, unconfined')
    .addOption(countOption('--supervisors <n>', 'replicas of session-supervisor', [1, 100], 1))
    .addOption(countOption('--user-managers <n>', 'replicas of user-manager', [1, 100], 1))
    .addOption(
      countOption(
        '--port-hosts <n>',
        'port-brokers, each on a loopback address of its own',
        [1, 100],
        1,
      ),
    )
    .addOption(
      listOption(
        '--case-root <dir>',
        'a folder below which operators may name cases; repeat it for more',
      ),
    )
    .addOption(
      listOption(
        '--compute-worker <name=command>',
        'a kind of compute worker: its absolute path and arguments, with {port} where it is to listen; repeat it for more',
      ),
    )
    .addOption(
      listOption(
        '--vnc-network <cidr>',
        'a network that machines with consoles may be in; repeat it for more',
      ),
    )
    .addOption(
      listOption(
        '--webhook-network <cidr>',
        'a network that is not public and that webhooks may be in; repeat it for more',
      ),
    )
    .option('--mongo <url>', 'a MongoDB replica set from outside')
    .option('--nats <url>', 'a nats-server from outside')
    .option('--blob <connection>', 'a blob storage from outside, as Azure connection string')
    .option('--no-restart', 'do not start services and stores again when they die')
    .option('--detach', 'return when the mesh is ready; end it with `muster down`')
    .action(
      does<[], CommandOptions>(async (invocation, _args, { detach, ...options }) => {
        const { argv, cli } = invocation;
        const data = resolve(cli.cwd, options.data);
        const tell = teller(invocation);
        const tls = tlsOf(invocation);
        // A process that only starts another `up` needs neither stores nor services.
        if (detach === true) {
          const { bringUpDetached } = await import('../up/detach.ts');
          await bringUpDetached(cli, data, argv, tell);
          return;
        }
        const { bringUp } = await import('../up/bring-up.ts');
        const caseRoot = options.caseRoot.map((root) => resolve(cli.cwd, root));
        const blender = blendersOf(options.blender, cli.cwd);
        await bringUp(cli, { ...options, blender, caseRoot, data, tls }, tell);
      }),
    );

/** The services' certificate and key, and the authority that clients check them against. */
const tlsOf = ({ cli, common }: Invocation): TlsFiles | undefined => {
  const path = (file: string | undefined): string =>
    file === undefined || file === '' ? '' : resolve(cli.cwd, file);
  const cert = path(common.tlsCert ?? cli.env.tlsCert);
  const key = path(common.tlsKey ?? cli.env.tlsKey);
  const authority = common.tlsCa ?? cli.env.tlsCa;
  const ca = authority === SYSTEM_CA ? authority : path(authority);
  if ((cert === '') !== (key === '')) {
    throw usage('--tls-cert and --tls-key belong together');
  }
  if (cert === '') {
    return undefined;
  }
  return { cert, key, ...(ca === '' ? {} : { ca }) };
};

/** The endpoints and `ready` are what the command answers; the rest are messages. */
const teller =
  ({ output }: Invocation): Tell =>
  (event, text) => {
    if (event !== undefined) {
      output.json(event);
    }
    if (event?.event === 'endpoints' || event?.event === 'ready') {
      output.text(text.split('\n'));
    } else {
      output.note(text.split('\n'));
    }
  };
