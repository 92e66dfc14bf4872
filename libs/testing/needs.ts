import type { Context } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';

/**
 * A hook that skips the suite visibly if a program is missing: `before(needs('blender'))`.
 *
 * @param programs all of them are needed
 */
export const needs = (...programs: string[]) =>
  async function requirePrograms(this: Context): Promise<void> {
    for (const program of programs) {
      try {
        await findProgram(program, process.env['PATH']);
      } catch {
        const suite = this.test?.parent;
        if (suite != null) {
          suite.title += ` [skipped: ${program} is not on this machine, see make setup]`;
        }
        this.skip();
      }
    }
  };
