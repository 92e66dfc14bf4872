import { readFile } from 'node:fs/promises';
import type { KernelRange } from '../domain/pool.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';

const setting = async (name: string): Promise<string> =>
  (await readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').catch(() => '')).trim();

/** Ports that the kernel gives to outgoing connections or reserves. Source: ip-sysctl. */
export const kernelRanges = async (): Promise<KernelRange[]> => {
  const [first, last] = (await setting(RANGE)).split(/\s+/).map(Number);
  const ranges: KernelRange[] = [];
  if (first !== undefined && last !== undefined) {
    ranges.push({ first, last, setting: RANGE });
  }
  for (const part of (await setting(RESERVED)).split(',').filter((each) => each !== '')) {
    const [from = NaN, to = from] = part.split('-').map(Number);
    ranges.push({ first: from, last: to, setting: RESERVED });
  }
  return ranges;
};
