import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '#libs/programs/index.ts';
import { backends } from './backends.ts';
import { hardwareFor } from './hardware.ts';

const run = promisify(execFile);

/** What a machine tells of its graphics cards without Blender. If it differs from the last time, the cards are tried again. */
export interface Graphics {
  /** What is in /dev. */
  nodes: readonly string[];
  /** Bytes of memory by PCI address, see `pciAddress`; only where they are known. */
  memories: Readonly<Record<string, number>>;
  /** Versions of drivers. */
  drivers: readonly string[];
}

const MIB = 2 ** 20;
const QUERY = [
  '--query-gpu=pci.bus_id,memory.total,driver_version',
  '--format=csv,noheader,nounits',
];

/** The PCI address in a text as drivers and Cycles write it, `00000000:01:00.0` or `OPTIX_…_0000:01:00_OptiX`: `0000:01:00`. */
export const pciAddress = (text: string): string | undefined =>
  /[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}/i.exec(text)?.[0].toLowerCase();

/** Reads what nvidia-smi prints for a line for each card: `00000000:01:00.0, 24564, 550.54.14`. */
export const parseNvidiaSmi = (text: string): Pick<Graphics, 'memories' | 'drivers'> => {
  const memories: Record<string, number> = {};
  const drivers = new Set<string>();
  for (const line of text.split('\n')) {
    const [bus = '', mib = '', driver = ''] = line.split(',').map((cell) => cell.trim());
    const address = pciAddress(bus);
    // A card without memory of its own says `[N/A]`.
    if (address !== undefined && Number(mib) > 0) {
      memories[address] = Number(mib) * MIB;
      drivers.add(driver);
    }
  }
  return { memories, drivers: [...drivers] };
};

const nvidia = async (searchPath: string): Promise<string> => {
  try {
    const program = await findProgram('nvidia-smi', searchPath);
    return (await run(program, QUERY, { timeout: 10_000 })).stdout;
  } catch {
    // No such program, or no such card.
    return '';
  }
};

/** AMD's driver tells the memory of each card in a file. */
const amd = async (): Promise<Record<string, number>> => {
  const memories: Record<string, number> = {};
  for await (const file of glob('/sys/bus/pci/devices/*/mem_info_vram_total')) {
    const address = pciAddress(basename(dirname(file)));
    const bytes = Number(await readFile(file, 'utf8').catch(() => ''));
    if (address !== undefined && bytes > 0) {
      memories[address] = bytes;
    }
  }
  return memories;
};

/** Looks for graphics cards. `searchPath`: PATH, in which nvidia-smi may be. */
export const findGraphics = async (searchPath: string): Promise<Graphics> => {
  const { memories, drivers } = parseNvidiaSmi(await nvidia(searchPath));
  const { nodes } = await hardwareFor(backends);
  return { nodes, memories: { ...(await amd()), ...memories }, drivers };
};

/** For a person who does not lend the cards. */
export const NO_GRAPHICS: Graphics = { nodes: [], memories: {}, drivers: [] };

export const hasGraphics = ({ nodes, memories }: Graphics): boolean =>
  nodes.length > 0 || Object.keys(memories).length > 0;
