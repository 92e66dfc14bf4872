import type { TlsFiles } from '#libs/config/index.ts';
import type { Part } from '../context.ts';
import type { Cli } from '../cli.ts';
import type { Layout } from './layout.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';
import type { Supervisor } from './supervise.ts';

/** What `muster up` was asked for. */
export interface UpOptions {
  /** The directory of the mesh, absolute and without symbolic links. */
  data: string;
  agents: number;
  supervisors: number;
  portHosts: number;
  userManagers: number;
  slots: number;
  /** Blenders of the agents; none: those in the usual places. */
  blender: readonly string[];
  /** Engines of the agents, as in `MUSTER_AGENT_ENGINES`. */
  engines: string;
  sandbox: boolean;
  /** Folders below which cases may be that operators name, absolute. */
  caseRoot: readonly string[];
  /** Networks (CIDR) that machines with consoles may be in. */
  vncNetwork: readonly string[];
  /** Networks (CIDR) that are not public and that webhooks may be in. */
  webhookNetwork: readonly string[];
  /** Kinds of compute workers, `name=command line with {port}`. */
  computeWorker: readonly string[];
  /** Stores from outside; embedded ones where undefined. */
  mongo: string | undefined;
  nats: string | undefined;
  blob: string | undefined;
  restart: boolean;
  /** What the services show and clients check, absolute paths; undefined: plain text, on the loopback interface only. */
  tls: TlsFiles | undefined;
}

/** What `up` tells while it goes on. */
type UpEvent =
  | ({ event: 'endpoints'; context: string } & Record<Part, string>)
  | { event: 'ready'; pid: number }
  | { event: 'ended' | 'restarted'; name: string; pid: number };

/** Tells an event to programs, if there is one, and its text to people. */
export type Tell = (event: UpEvent | undefined, text: string) => void;

/** Tells where the mesh is, and that it can be used. */
export const tellReady = (
  tell: Tell,
  pid: number,
  endpoints: Record<Part, string>,
  context: string,
): void => {
  const lines = Object.entries({ ...endpoints, context }).map(
    ([name, value]) => `${name.padEnd(8)} ${value}`,
  );
  tell({ event: 'endpoints', ...endpoints, context }, lines.join('\n'));
  tell({ event: 'ready', pid }, 'ready');
};

/** What every step of starting a mesh needs. */
export interface Surroundings {
  options: UpOptions;
  layout: Layout;
  ports: Ports;
  secrets: Secrets;
  supervisor: Supervisor;
  cli: Pick<Cli, 'clock' | 'env' | 'random' | 'interrupt'>;
  env: Readonly<Record<string, string | undefined>>;
  tell: Tell;
}
