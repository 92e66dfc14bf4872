import type { CliEnvironment } from '../cli.ts';

/** Settings of ours that are the user's to make; everything else that begins with MUSTER_ is made by `up`. */
const passedOn = /^MUSTER_(PLAN|LOG|AGENT)_/;

/** What every child inherits: the user's environment, without the settings of other meshes and of this command. */
export const inheritedEnvironment = (env: CliEnvironment['inherited']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MUSTER_') || passedOn.test(name)));
