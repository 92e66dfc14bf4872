import { hash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Random } from '#libs/random/index.ts';

/** A file of findings, which agents may share. Findings about something else, by its `identity`, are in another file. */
export const findingsFile = <F>(
  { dir, random }: { dir: string; random: Random },
  what: string,
  identity: unknown,
  schema: z.ZodType<F>,
) => {
  const name = hash('sha256', JSON.stringify(identity)).slice(0, 16);
  const file = join(dir, `${what}-${name}.json`);
  return {
    /** Undefined if nothing was found out yet, or the file is damaged. */
    read: async (): Promise<F | undefined> => {
      try {
        return schema.parse(JSON.parse(await readFile(file, 'utf8')));
      } catch {
        return undefined;
      }
    },
    write: async (findings: F): Promise<void> => {
      await mkdir(dir, { recursive: true });
      const fresh = `${file}.${random.id('t')}`;
      await writeFile(fresh, JSON.stringify(findings));
      await rename(fresh, file);
    },
  };
};

/** A failure may have been bad luck, so what failed is tried again after a day. */
export const FAILURE_COUNTS_MS = 24 * 3_600_000;
