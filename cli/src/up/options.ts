import type { TlsFiles } from '#libs/config/index.ts';

/** What `muster up` was asked for. */
export interface UpOptions {
  /** The directory of the mesh, absolute and without symbolic links. */
  data: string;
  agents: number;
  supervisors: number;
  /** Port-brokers, each as a host of its own on a loopback address of its own. */
  portHosts: number;
  userManagers: number;
  /** Tasks that each agent works on at a time. */
  slots: number;
  /** Engines of the agents, as in `MUSTER_AGENT_ENGINES`. */
  engines: string;
  /** Whether agents run renderers in a sandbox. */
  sandbox: boolean;
  /** Folders below which cases may be that operators name, absolute. */
  caseRoot: readonly string[];
  /** Networks (CIDR) that machines with consoles may be in. */
  vncNetwork: readonly string[];
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
