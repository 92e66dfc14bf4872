import { join } from 'node:path';
import type { Clock } from '#libs/clock/index.ts';
import {
  type Box,
  type ConfinedProcess,
  type Given,
  type Limits,
  type Sandbox,
  startConfined,
} from '#libs/sandbox/index.ts';
import type { Tools } from './install.ts';
import type { Installation } from './installation.ts';

/** An installation in the box. */
export interface Bench {
  sandbox: Sandbox;
  clock: Clock;
  installation: Pick<Installation, 'env' | 'folder'>;
  tools: Tools;
  limits: Limits;
  /** How many processes solve a case. */
  ranks: number;
}

/**
 * How MPI runs on one machine without a network. Without the first two, UCX looks for network cards in /sys and says that there are
 * none. Processes that wait give their core to others; by default each spins, and the first of every mpirun is bound to core 0.
 */
const MPI = {
  OMPI_MCA_btl: 'self,vader',
  OMPI_MCA_pml: 'ob1',
  OMPI_MCA_mpi_yield_when_idle: '1',
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  // Slots of an agent share the cores, and a task may get fewer than it has processes.
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  // Without a sandbox an agent of root runs it as root.
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
};

const PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * Starts one of our scripts in the box, with the installation around it.
 *
 * @param workDir the folder of the case, the only one to which it can write
 */
export const startScript = (
  { sandbox, clock, installation, tools, limits, ranks }: Bench,
  workDir: string,
  [script, ...args]: readonly [script: string, ...args: string[]],
  onOutput?: (chunk: Buffer) => void,
): ConfinedProcess => {
  const outside: Given[] =
    installation.folder === undefined
      ? []
      : [{ path: installation.folder, at: installation.folder }];
  const readOnly = [tools.shell, tools.project, tools.home, tools.listening, ...outside];
  const box = { workDir, readOnly, limits };
  return startConfined(
    sandbox,
    box satisfies Box,
    (at) => {
      const { PATH: own = '', ...env } = installation.env;
      const variables = {
        ...env,
        ...MPI,
        PATH: own === '' ? PATH : `${own}:${PATH}`,
        WM_PROJECT_DIR: at(tools.project),
        HOME: at(tools.home),
        MUSTER_HOME: at(tools.home),
        MUSTER_LISTENING: at(tools.listening),
        // The Foundation's programs trap floating point exceptions only if this is set.
        FOAM_SIGFPE: 'true',
        MUSTER_RANKS: String(ranks),
      };
      return [
        '/usr/bin/env',
        ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
        '/bin/bash',
        at(join(tools.shell, script)),
        ...args,
      ];
    },
    { clock, ...(onOutput && { onOutput }) },
  );
};
