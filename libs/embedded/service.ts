import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readyWhen, type Program } from './launch.ts';

interface ServiceProgramOptions {
  /** The folder below services/. */
  name: string;
  /** Its variables. */
  env: Readonly<Record<string, string>>;
  /** Where it says that it is ready: a path for it alone. */
  readyFile: string;
}

/** A little more than a service's own limit for draining. */
const STOP_MS = 25_000;

const inRepository = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Collect garbage sooner, because a process would keep the size that thousands of calls at once gave it. */
const THRIFTY = ['--max-semi-space-size=8', '--heap-growing-percent=50'];

/** The interpreter's arguments for a service: the folder below services/. */
export const serviceArguments = (name: string): string[] => [
  ...THRIFTY,
  '--import',
  inRepository('libs/telemetry/register.ts'),
  inRepository(`services/${name}/src/main.ts`),
];

/** A service of this repository, ready to be launched; it is ready when it can be reached. */
export const serviceProgram = ({ name, env, readyFile }: ServiceProgramOptions): Program => ({
  name,
  command: process.execPath,
  args: serviceArguments(name),
  env: { ...env, MUSTER_READY_FILE: readyFile },
  stopMs: STOP_MS,
  // A file that an earlier process left there names another pid.
  ready: readyWhen(async ({ pid }) => (await readReady(readyFile))?.pid === pid),
});

/** The gRPC target at which a service that is ready is reached. */
export const serviceAddress = async (readyFile: string): Promise<string> => {
  const ready = await readReady(readyFile);
  if (ready === undefined) {
    throw new Error(`${readyFile} does not say where the service is`);
  }
  return ready.address;
};

/** Written by libs/lifecycle, in one piece. */
const readReady = async (file: string): Promise<{ pid: number; address: string } | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { pid: number; address: string };
  } catch {
    return undefined;
  }
};
