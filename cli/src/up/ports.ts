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
  const occupied = await occupiedAmong(names, known);
  if (occupied.length > 0) {
    throw portsTaken(occupied, file);
  }
  for (const name of names.filter((each) => known[each] === undefined)) {
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

type Kept = readonly [name: string, port: number];

/** The ports chosen before on which somebody else listens. */
const occupiedAmong = async (names: readonly string[], known: Ports): Promise<Kept[]> => {
  const occupied: Kept[] = [];
  for (const name of names) {
    const port = known[name];
    if (port !== undefined && !(await isPortFree(port))) {
      occupied.push([name, port]);
    }
  }
  return occupied;
};

const portsTaken = (occupied: readonly Kept[], file: string) => {
  const [what, those] =
    occupied.length === 1
      ? ['port', 'is in use by another program; end that']
      : ['ports', 'are in use by other programs; end those'];
  const list = occupied.map(([name, port]) => `${port} of ${name}`).join(', ');
  return precondition(
    'PORT_TAKEN',
    `${what} ${list} ${those}, or remove ${file} to choose new ports, with which contexts that were copied before are of no use`,
    Object.fromEntries(occupied),
  );
};
