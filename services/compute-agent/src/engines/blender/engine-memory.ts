import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { Random } from '#libs/random/index.ts';
import type { Sandbox } from '#libs/sandbox/index.ts';
import type { BlenderProgram } from './find-blender.ts';
import { FAILURE_COUNTS_MS, findingsFile } from '../findings.ts';
import type { RenderEngine } from './job.ts';

/** Why each engine did not work when it was tried; empty if it worked. */
const findings = z.record(z.string(), z.object({ trouble: z.string(), triedMs: z.number() }));
type Findings = z.infer<typeof findings>;

/** What findings about a Blender depend on. */
export interface Trial {
  sandbox: Sandbox;
  /** The hash of the driver. */
  driver: string;
}

/** Tells a Blender (path, version, file) and its trial from others. */
export const identityOf = async (
  { program, version }: BlenderProgram,
  { sandbox, driver }: Trial,
): Promise<unknown[]> => {
  const { size, mtimeMs } = await stat(program);
  return [program, version, size, mtimeMs, { sandbox, driver }];
};

/** Keeps findings about the engines of each Blender. A change of what they depend on begins anew. */
export const engineMemory = (
  place: { dir: string; random: Random },
  identity: readonly unknown[],
) => {
  const file = findingsFile(place, 'engines', identity, findings);
  return {
    /** What the last trial found: empty, or why the engine does not work. Undefined if it has to be tried. */
    recall: async (engine: RenderEngine, nowMs: number): Promise<string | undefined> => {
      const finding = (await file.read())?.[engine];
      const counts =
        finding && (finding.trouble === '' || nowMs - finding.triedMs < FAILURE_COUNTS_MS);
      return counts ? finding.trouble : undefined;
    },
    keep: async (engine: RenderEngine, finding: Findings[string]): Promise<void> => {
      // Another agent may have tried other engines meanwhile.
      await file.write({ ...(await file.read()), [engine]: finding });
    },
  };
};
