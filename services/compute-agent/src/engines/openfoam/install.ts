import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = new URL('./shell/', import.meta.url).pathname;

const SCRIPTS = ['run.sh', 'set.sh', 'go-on.sh', 'trial.sh'];

/** What the programs of an installation find in the box in place of things of the machine. */
export interface Tools {
  /** Our scripts. */
  shell: string;
  /** The installation's own folder, as links, with our RunFunctions in it. */
  project: string;
  /** The home folder of programs, with settings that no case can change. */
  home: string;
  /** The same for a solver, which listens to signals. It says so on its output, which would be in the way of scripts that read it. */
  listening: string;
}

/** Signals that make a solver write: SIGUSR1 and go on, SIGUSR2 and end. */
const SIGNALS = `OptimisationSwitches
{
    writeNowSignal        10;
    stopAtWriteNowSignal  12;
}
`;

/** A case cannot turn system calls on again, neither by its own `InfoSwitches` nor on the command line. */
const settings = (isCodeAllowed: boolean): string => `FoamFile
{
    version     2.0;
    format      ascii;
    class       dictionary;
    object      controlDict;
}
InfoSwitches
{
    allowSystemOperations ${isCodeAllowed ? 1 : 0};
}
`;

const makeFolder = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  return folder;
};

const copyScript = async (name: string, to: string): Promise<void> => {
  await copyFile(join(SOURCE, name), to);
  await chmod(to, 0o755);
};

/** Links all entries of a folder but one. */
const linkAll = async (from: string, into: string, but: string): Promise<void> => {
  for (const name of await readdir(from).catch(() => [])) {
    if (name !== but) {
      await symlink(join(from, name), join(into, name));
    }
  }
};

const makeHome = async (folder: string, controlDict: string): Promise<string> => {
  await makeFolder(folder);
  const file = join(await makeFolder(join(folder, '.OpenFOAM')), 'controlDict');
  await writeFile(file, controlDict);
  await chmod(file, 0o644);
  return folder;
};

/** Makes the folders anew. Everybody may read them. */
export const installTools = async (
  folder: string,
  projectDir: string,
  isCodeAllowed: boolean,
): Promise<Tools> => {
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  const shell = await makeFolder(join(folder, 'shell'));
  for (const name of SCRIPTS) {
    await copyScript(name, join(shell, name));
  }
  const project = await makeFolder(join(folder, 'project'));
  await linkAll(projectDir, project, 'bin');
  const bin = await makeFolder(join(project, 'bin'));
  await linkAll(join(projectDir, 'bin'), bin, 'tools');
  const tools = await makeFolder(join(bin, 'tools'));
  await linkAll(join(projectDir, 'bin', 'tools'), tools, 'RunFunctions');
  await copyScript('RunFunctions', join(tools, 'RunFunctions'));
  const plain = settings(isCodeAllowed);
  const home = await makeHome(join(folder, 'home'), plain);
  const listening = await makeHome(join(folder, 'listening'), plain + SIGNALS);
  return { shell, project, home, listening };
};
