import { hash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '#libs/random/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import type { BlenderProgram } from './find-blender.ts';
import type { RenderEngine } from './job.ts';

/** Why each engine did not work when it was tried; empty if it worked. */
const findings = z.record(z.string(), z.object({ trouble: z.string(), triedMs: z.number() }));
type Findings = z.infer<typeof findings>;

/** The failure of an engine may have been bad luck, so the engine is tried again after a day. */
const FAILURE_COUNTS_MS = 24 * 3_600_000;

/**
 * Keeps findings for each Blender (path, version, file), sandbox and driver, in files that agents may share. A change of any of
 * them begins anew.
 */
export const engineMemory = async (
  dir: string,
  { program, version }: BlenderProgram,
  surroundings: { sandbox: Sandbox; driver: string },
  random: Random,
) => {
  const { size, mtimeMs } = await stat(program);
  const identity = JSON.stringify([program, version, size, mtimeMs, surroundings]);
  const file = join(dir, `engines-${hash('sha256', identity).slice(0, 16)}.json`);
  const read = async (): Promise<Findings> => {
    try {
      return findings.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch {
      // Nothing was tried yet, or the file is damaged: the engines are tried again.
      return {};
    }
  };
  return {
    /** What the last trial found: empty, or why the engine does not work. Undefined if it has to be tried. */
    recall: async (engine: RenderEngine, nowMs: number): Promise<string | undefined> => {
      const finding = (await read())[engine];
      const counts =
        finding && (finding.trouble === '' || nowMs - finding.triedMs < FAILURE_COUNTS_MS);
      return counts ? finding.trouble : undefined;
    },
    keep: async (engine: RenderEngine, finding: Findings[string]): Promise<void> => {
      await mkdir(dir, { recursive: true });
      const fresh = `${file}.${random.id('t')}`;
      // Another agent may have tried other engines meanwhile.
      await writeFile(fresh, JSON.stringify({ ...(await read()), [engine]: finding }));
      await rename(fresh, file);
    },
  };
};
