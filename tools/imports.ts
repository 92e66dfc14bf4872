// Fails where a file imports what CONTRIBUTING.md keeps from it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.[^']+|#libs[^']+)'/g;
const TEST = /\.spec\.ts$|\/fixtures\//;
const BESIDE_DOMAIN = /\/src\/(?:kinds\/.+|store|rpc|session)\//;
/** These wire up a service, so they may ask for all of its `Context`. */
const WIRING = /\/src\/(?:rpc\/.+|service|main|context)\.ts$|compute-agent\/src\/machine\.ts$/;
const WHOLE_CONTEXT = /(?<!Pick<\s*)\bContext\b(?!\[)/;

const serviceOf = (path: string): string | undefined => /^services\/[^/]+/.exec(path)?.[0];

const refusal = (file: string, target: string, code: string): string | undefined => {
  const [own, other] = [serviceOf(file), serviceOf(target)];
  if (own === undefined) {
    return other !== undefined || target.startsWith('cli/') ? 'libs/ stands alone' : undefined;
  }
  if (target.startsWith('cli/') || (other !== undefined && other !== own)) {
    return 'a service stands alone';
  }
  if (!TEST.test(file) && file.startsWith(`${own}/src/domain/`) && BESIDE_DOMAIN.test(target)) {
    return 'domain/ knows no store/, rpc/ or session/, and of kinds/ only kinds.ts and kind.ts';
  }
  const asksAll = target === `${own}/src/context.ts` && WHOLE_CONTEXT.test(code);
  return asksAll && !TEST.test(file) && !WIRING.test(file) ? 'takes a Pick<Context, …>' : undefined;
};

for (const file of globSync('{libs,services}/**/*.ts')) {
  const source = readFileSync(file, 'utf8');
  const code = source.replaceAll(/^import [^;]*;$/gm, '');
  for (const [, path = ''] of source.matchAll(IMPORT)) {
    const target = path.startsWith('#') ? path.slice(1) : join(file, '..', path);
    const why = refusal(file, target, code);
    if (why !== undefined) {
      console.error(`${file} imports ${target}: ${why}`);
      process.exitCode = 1;
    }
  }
}
