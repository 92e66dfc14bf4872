import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { failureOf, tempDir, type TempDir } from '#libs/testing/index.ts';
import { loadContext } from './context.ts';

const context = (session: string): string =>
  JSON.stringify({ endpoints: { session }, tokens: {}, ca: null });

const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'found',
    (error: unknown) => (isDomainError(error) ? error.reason : String(error)),
  );

describe('loadContext', () => {
  let dir: TempDir;
  const at = (...parts: string[]): string => join(dir.path, ...parts);

  before(async () => {
    dir = await tempDir();
    for (const name of ['cwd', 'home']) {
      await mkdir(at(name, '.muster'), { recursive: true });
      await writeFile(at(name, '.muster/context.json'), context(name));
    }
    await writeFile(at('named.json'), context('named'));
    await writeFile(at('variable.json'), context('variable'));
    await writeFile(at('broken.json'), '{"endpoints": ');
    await writeFile(at('wrong.json'), '{"endpoints": {"session": 7}}');
  });
  after(() => dir[Symbol.asyncDispose]());

  it('prefers --context, then MUSTER_CONTEXT, then the directory, then the home', async () => {
    const env = { home: at('home'), context: at('variable.json') };
    const home = { home: at('home') };
    const found = [
      await loadContext('../named.json', at('cwd'), env),
      await loadContext(undefined, at('cwd'), env),
      await loadContext(undefined, at('cwd'), home),
      await loadContext(undefined, dir.path, home),
    ];
    expect(found.map(({ endpoints }) => endpoints.session)).to.deep.equal([
      'named',
      'variable',
      'cwd',
      'home',
    ]);
  });

  it('does not fall back if a named file is missing', async () => {
    expect(await reasonOf(loadContext('nope.json', at('cwd'), { home: at('home') }))).to.equal(
      'NO_CONTEXT',
    );
    const env = { home: at('home'), context: 'nope.json' };
    expect(await reasonOf(loadContext(undefined, at('cwd'), env))).to.equal('NO_CONTEXT');
    const failure = await failureOf(loadContext(undefined, at('cwd'), env));
    expect(failure?.message).to.equal(
      `the context ${at('cwd/nope.json')} cannot be read: no such file or directory; start a mesh with \`muster up\`, or name another context with --context FILE or MUSTER_CONTEXT`,
    );
  });

  it('says that there is none if no file was named and none is found', async () => {
    expect(await reasonOf(loadContext(undefined, dir.path, { home: dir.path }))).to.equal(
      'NO_CONTEXT',
    );
  });

  it('refuses a file that is not a context', async () => {
    for (const name of ['broken.json', 'wrong.json']) {
      expect(await reasonOf(loadContext(name, dir.path, { home: dir.path })), name).to.equal(
        'INPUT_UNREADABLE',
      );
    }
  });
});
