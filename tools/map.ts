// Fails where ARCHITECTURE.md sends its reader to a file or folder that is not there.
import { existsSync, readFileSync } from 'node:fs';

const PATH = /^(?:services|libs|cli|test|proto|tools|bench|docs)\/[\w./-]+$/;

const text = readFileSync('ARCHITECTURE.md', 'utf8');
const named = [...text.matchAll(/`([^`]+)`|\]\(([^)]+)\)/g)].map(
  ([, code, link]) => code ?? link ?? '',
);
const missing = named.filter((path) => PATH.test(path) && !existsSync(path));
for (const path of new Set(missing)) {
  console.error(`ARCHITECTURE.md names ${path}, which is not there`);
}
process.exitCode = missing.length > 0 ? 1 : 0;
