import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Given } from './sandbox.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INSIDE = '/muster';

/** What a program of this project sees of it: Node, these libraries, and the packages. */
export const OWN_PROGRAM: readonly Given[] = [
  { path: process.execPath, at: join(INSIDE, 'node') },
  ...['libs', 'node_modules', 'package.json'].map((name) => ({
    path: join(ROOT, name),
    at: join(INSIDE, name),
  })),
];
