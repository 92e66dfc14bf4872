import { z } from 'zod';
import { freePort, isPortFree } from '#libs/embedded/index.ts';
import { inputUnreadable, precondition } from '../failures.ts';
import { readIfThere, writePrivateJson } from './files.ts';

const portsSchema = z.record(z.string(), z.number().int().min(1).max(65_535));

/** From a process' name to its port on 127.0.0.1. */
export type Ports = Readonly<Record<string, number>>;

/**
 * The ports of the named processes. Those chosen earlier are kept, because contexts name them; new ones are free now.
 *
 * @throws FAILED_PRECONDITION `PORT_TAKEN` when somebody else listens on a port chosen before
 */
export const keepPorts = async (file: string, names: readonly string[]): Promise<Ports> => {
  const known = await readPorts(file);
  const ports: Record<string, number> = { ...known };
  const taken = new Set(Object.values(known));
  for (const name of names) {
    const port = known[name];
    if (port !== undefined) {
      if (!(await isPortFree(port))) {
        throw portTaken(name, port, file);
      }
      continue;
    }
    const chosen = await freePort(taken);
    taken.add(chosen);
    ports[name] = chosen;
  }
  await writePrivateJson(file, ports);
  return ports;
};

const readPorts = async (file: string): Promise<Ports> => {
  const text = await readIfThere(file);
  if (text === undefined) {
    return {};
  }
  try {
    return portsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw inputUnreadable(file, 'not a list of ports; remove it and new ones are chosen', error);
  }
};

const portTaken = (name: string, port: number, file: string) =>
  precondition(
    'PORT_TAKEN',
    `port ${port} of ${name} is in use by another program; end that, or remove ${file} to choose new ports`,
    { name, port },
  );
