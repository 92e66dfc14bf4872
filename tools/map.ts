// Fails where ARCHITECTURE.md sends its reader to a file or folder that is not there.
import { existsSync, globSync, readFileSync } from 'node:fs';

const AREAS = '{services,libs,cli,test,proto,tools,bench,docs}';
const PATH = /^(?:services|libs|cli|test|proto|tools|bench|docs)\/[\w./-]+$/;
/** A name by its last parts, anywhere in the text or in a diagram: `domain/state/fold.ts`, `user-manager/src/stream`. */
const SHORT = /[\w-][\w./-]*\.ts\b|[\w-]+\/src\/[\w/-]*\w/g;

const text = readFileSync('ARCHITECTURE.md', 'utf8');
const named = [...text.matchAll(/`([^`]+)`|\]\(([^)]+)\)/g)].map(
  ([, code, link]) => code ?? link ?? '',
);
const files = globSync(`${AREAS}/**/*.ts`).map((file) => `/${file}/`);
const missing = new Set([
  ...named.filter((path) => PATH.test(path) && !existsSync(path)),
  ...(text.match(SHORT) ?? []).filter((name) => !files.some((file) => file.includes(`/${name}/`))),
]);
for (const path of missing) {
  console.error(`ARCHITECTURE.md names ${path}, which is not there`);
}
process.exitCode = missing.size > 0 ? 1 : 0;
