import { hash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { boolean, text } from '#libs/config/index.ts';
import { within } from '#libs/async/index.ts';
import type { Distribution } from '#libs/openfoam/index.ts';
import { makeWorkDir, solverLimits } from '#libs/sandbox/index.ts';
import type { Surroundings } from '../family.ts';
import { findingsFile } from '../findings.ts';
import { installTools, type Tools } from './install.ts';
import { findInstallations, type Installation } from './installation.ts';
import { startScript } from './program.ts';

/** `OPENFOAM`: folders that have `etc/controlDict`, separated by colons. By default they are sought in the usual places. */
export const openfoamVariables = {
  MUSTER_AGENT_OPENFOAM: text('/usr/share/openfoam:/opt/openfoam13').optional(),
  MUSTER_AGENT_ALLOW_CODE: boolean().prefault('0'),
};
const settings = z.object(openfoamVariables);
export type OpenfoamSettings = z.infer<typeof settings>;

/** An OpenFOAM that works in the box. */
export interface WorkingFoam extends Installation {
  distribution: Distribution;
  /** `1912`, `13`. */
  version: string;
  tools: Tools;
  /** The methods of decomposition that really work: Debian's `scotch` is a stub. */
  methods: readonly string[];
  hasMpi: boolean;
  /** Whether code of cases can be compiled, and the owner of the machine allows it. */
  isCodeAllowed: boolean;
}

const finding = z.object({
  distribution: z.enum(['OPENFOAM_COM', 'OPENFOAM_ORG']),
  version: z.string(),
  methods: z.array(z.string()),
  hasMpi: z.boolean(),
  hasCompiler: z.boolean(),
});
type Finding = z.infer<typeof finding>;

const METHODS = ['scotch', 'metis', 'kahip', 'hierarchical', 'simple'];
const MIB = 1024 ** 2;
const TIMEOUT_MS = 120_000;

const USING = /^using OpenFOAM-\s?[v(]{0,2}(\d{1,4})/m;

/** What the output of `trial.sh` says; undefined: it does not work. */
export const findingIn = (output: string): Finding | undefined => {
  const lines = output.split('\n');
  const [using = '', version] = USING.exec(output) ?? [];
  if (version === undefined || !lines.includes('mesh yes')) {
    return undefined;
  }
  const line = output.slice(output.indexOf(using)).split('\n')[0] ?? '';
  return {
    distribution: line.includes('openfoam.org') ? 'OPENFOAM_ORG' : 'OPENFOAM_COM',
    version,
    methods: METHODS.filter((method) => lines.includes(`method ${method}`)),
    hasMpi: lines.includes('mpirun yes'),
    hasCompiler: lines.includes('compiler yes'),
  };
};

type TryOptions = Pick<Surroundings, 'sandbox' | 'folder' | 'clock' | 'random'>;

/** Tries an installation in the box. Nothing of it is left afterwards. */
const tryInstallation = async (
  installation: Installation,
  tools: Tools,
  { sandbox, folder, clock, random }: TryOptions,
): Promise<{ found: Finding | undefined; log: string }> => {
  const around = join(folder, random.id('try'));
  const workDir = join(around, 'work');
  await mkdir(around, { recursive: true });
  await chmod(around, 0o755);
  await makeWorkDir(sandbox, workDir);
  const limits = solverLimits({ memoryBytes: 1024 * MIB, diskBytes: 64 * MIB }, 1);
  const bench = { sandbox, clock, installation, tools, limits, ranks: 1 };
  const trial = startScript(bench, workDir, ['trial.sh', ...METHODS]);
  try {
    await within(clock, TIMEOUT_MS, trial.exited);
    return { found: findingIn(trial.log()), log: trial.log() };
  } finally {
    await trial.kill();
    await rm(around, { recursive: true, force: true });
  }
};

const scriptsHash = async (): Promise<string> => {
  const folder = new URL('./shell/', import.meta.url);
  const names = (await readdir(folder)).sort();
  const files = await Promise.all(names.map((name) => readFile(new URL(name, folder))));
  return hash('sha256', Buffer.concat(files));
};

/** What the findings about an installation depend on. */
const identityOf = async ({ projectDir, env }: Installation, sandbox: unknown) => {
  const { mtimeMs } = await stat(join(projectDir, 'etc', 'controlDict'));
  return [projectDir, env, mtimeMs, sandbox, await scriptsHash()];
};

/**
 * Finds every OpenFOAM, and what each can do in the box: its version, methods of decomposition, MPI. It remembers what works. Rejects
 * with the signal's reason.
 */
export const detectOpenfoam = async (
  wanted: 'auto' | readonly string[],
  around: Surroundings<OpenfoamSettings>,
  signal: AbortSignal,
): Promise<WorkingFoam[] | { why: string }> => {
  const { folder, logger, sandbox, searchPath, random } = around;
  const named = around.settings.MUSTER_AGENT_OPENFOAM?.split(':').filter(Boolean) ?? [];
  const isAllowed = around.settings.MUSTER_AGENT_ALLOW_CODE;
  const { found, absent } = await findInstallations(named, searchPath);
  const troubles = absent.map((place) => `${place} is no OpenFOAM`);
  const working: WorkingFoam[] = [];
  for (const [i, installation] of found.entries()) {
    signal.throwIfAborted();
    const { projectDir } = installation;
    const tools = await installTools(join(folder, 'openfoam', String(i)), projectDir, isAllowed);
    const identity = await identityOf(installation, sandbox);
    const file = findingsFile({ dir: around.findingsDir, random }, 'openfoam', identity, finding);
    let known = await file.read();
    if (known === undefined) {
      const tried = await tryInstallation(installation, tools, around);
      known = tried.found;
      if (known === undefined) {
        const said = tried.log.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '';
        troubles.push(`the OpenFOAM at ${projectDir} does not work: ${said}`);
        logger.warn({ projectDir, said }, 'an OpenFOAM does not work');
        continue;
      }
      await file.write(known);
    }
    const { hasCompiler, ...rest } = known;
    logger.info({ projectDir, ...known }, 'an OpenFOAM works');
    if (wanted === 'auto' || wanted.includes(known.distribution)) {
      working.push({ ...installation, ...rest, tools, isCodeAllowed: isAllowed && hasCompiler });
    }
  }
  const none = 'there is no OpenFOAM here that works; install one (apt-get install openfoam)';
  return working.length > 0 ? working : { why: [none, ...troubles].join('; ') };
};
