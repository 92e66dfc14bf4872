import { execFile } from 'node:child_process';
import { access, glob, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An OpenFOAM on this machine that was not tried yet. */
export interface Installation {
  /** Its own folder, which has `etc`. */
  projectDir: string;
  /** What the box does not see of it by itself; undefined: it is part of the system. */
  folder: string | undefined;
  /** What its programs need in their environment, beside WM_PROJECT_DIR. */
  env: Readonly<Record<string, string>>;
}

/** Where its packages put it: www.openfoam.com, and the Foundation. */
const USUAL_PLACES = ['/usr/lib/openfoam/openfoam*', '/opt/openfoam*', '/opt/OpenFOAM/OpenFOAM-*'];
/** Debian's package spreads it over the system. Its programs find their files by themselves, but not in the box. */
const OF_DEBIAN = '/usr/share/openfoam';
const OF_SYSTEM = '/usr/';
const TIMEOUT_MS = 30_000;

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** What of an environment belongs to an installation: paths, and variables of OpenFOAM and of the MPI that it was built with. */
const OWN = /^(?:WM_|FOAM_|MPI_|OPAL_|SCOTCH_|CGAL_|BOOST_|PATH$|LD_LIBRARY_PATH$)/;
/** It gets no arguments: that of www.openfoam.com reads every file among them, and so itself, for ever. */
const SCRIPT = '. "$MUSTER_BASHRC" > /dev/null 2>&1; env -0';

/** Reads the environment once, outside of the box, as a shell of its user would. Nothing of the agent's own goes in. */
const environmentFrom = async (bashrc: string): Promise<Record<string, string>> => {
  const { stdout } = await run('/bin/bash', ['-c', SCRIPT], {
    timeout: TIMEOUT_MS,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      MUSTER_BASHRC: bashrc,
    },
  });
  const entries = stdout.split('\0').flatMap((line) => {
    const at = line.indexOf('=');
    const name = line.slice(0, at);
    return at > 0 && OWN.test(name) ? [[name, line.slice(at + 1)] as const] : [];
  });
  return Object.fromEntries(entries);
};

const installationAt = async (place: string): Promise<Installation | undefined> => {
  const projectDir = await realpath(place).catch(() => undefined);
  if (projectDir === undefined || !(await isThere(join(projectDir, 'etc', 'controlDict')))) {
    return undefined;
  }
  const bashrc = join(projectDir, 'etc', 'bashrc');
  const isRead = projectDir !== OF_DEBIAN && (await isThere(bashrc));
  const env = isRead ? await environmentFrom(bashrc).catch(() => ({})) : {};
  const folder = projectDir.startsWith(OF_SYSTEM) ? undefined : projectDir;
  return { projectDir, folder, env };
};

/** Debian's, if its programs are on the path. */
const ofSystem = async (searchPath: string): Promise<string[]> => {
  const programs = searchPath
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, 'foamDictionary'));
  const found = await Promise.all(programs.map(isThere));
  return found.includes(true) ? [OF_DEBIAN] : [];
};

/**
 * The OpenFOAMs of this machine. `wanted` are folders that have `etc/controlDict`; if it is empty, they are sought where their packages
 * put them. `absent` are those of `wanted` that are none.
 */
export const findInstallations = async (
  wanted: readonly string[],
  searchPath: string,
): Promise<{ found: Installation[]; absent: string[] }> => {
  const places =
    wanted.length > 0
      ? wanted
      : [...(await ofSystem(searchPath)), ...(await Array.fromAsync(glob(USUAL_PLACES))).sort()];
  const found = new Map<string, Installation>();
  const absent: string[] = [];
  for (const place of places) {
    const installation = await installationAt(place);
    if (installation !== undefined) {
      found.set(installation.projectDir, installation);
    } else if (wanted.length > 0) {
      absent.push(place);
    }
  }
  return { found: [...found.values()], absent };
};
