import { hash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '#libs/random/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import type { BlenderProgram } from './find-blender.ts';
import type { RenderEngine } from './job.ts';

/** Whether each engine worked when it was tried. */
const findings = z.record(z.string(), z.object({ works: z.boolean(), triedMs: z.number() }));
type Findings = z.infer<typeof findings>;

/** The failure of an engine may have been bad luck, so the engine is tried again after a day. */
const FAILURE_COUNTS_MS = 24 * 3_600_000;

/** Whether an engine works, if an earlier finding still counts; undefined if it has to be tried. */
export const recall = (
  found: Findings,
  engine: RenderEngine,
  nowMs: number,
): boolean | undefined => {
  const finding = found[engine];
  const counts = finding && (finding.works || nowMs - finding.triedMs < FAILURE_COUNTS_MS);
  return counts ? finding.works : undefined;
};

/** Keeps findings for each Blender (path, version, file) and sandbox, in files that agents may share. */
export const engineMemory = async (
  dir: string,
  { program, version }: BlenderProgram,
  sandbox: Sandbox,
  random: Random,
): Promise<{ read(): Promise<Findings>; write(found: Findings): Promise<void> }> => {
  const { size, mtimeMs } = await stat(program);
  const identity = JSON.stringify([program, version, size, mtimeMs, sandbox]);
  const file = join(dir, `engines-${hash('sha256', identity).slice(0, 16)}.json`);
  return {
    read: async () => {
      try {
        return findings.parse(JSON.parse(await readFile(file, 'utf8')));
      } catch {
        // Nothing was tried yet, or the file is damaged: the engines are tried again.
        return {};
      }
    },
    write: async (found) => {
      await mkdir(dir, { recursive: true });
      const fresh = `${file}.${random.id('t')}`;
      await writeFile(fresh, JSON.stringify(found));
      await rename(fresh, file);
    },
  };
};
