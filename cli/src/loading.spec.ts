import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import {
  aboutTheMesh,
  aboutWorkloads,
  forOperators,
  listWorkloads,
  render,
} from './command-table.ts';
import { testCli } from './fixtures/test-cli.ts';
import { createProgram } from './run.ts';

const repository = new URL('../../', import.meta.url).href;
const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Writes the URL of each module that is loaded after it to the file in LOADED. */
const recorder = `
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED, url + '\\n');
    return next(url, context);
  },
});
`;

describe('the modules that a command loads', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    await writeFile(join(dir.path, 'recorder.mjs'), recorder);
    // Port 1 of this machine: nobody listens there.
    const endpoints = { session: 'ipv4:127.0.0.1:1' };
    await writeFile(
      join(dir.path, 'context.json'),
      JSON.stringify({ endpoints, tokens: { operator: 'o' } }),
    );
  });
  after(() => dir[Symbol.asyncDispose]());

  /** The packages and the parts of this repository that are loaded: `mongodb`, `@grpc/grpc-js`, `cli`, `libs/grpc`. */
  const loadedBy = async (...argv: string[]): Promise<Set<string>> => {
    const loaded = join(dir.path, argv.join(' ').replaceAll('/', '_'));
    await new Promise<void>((resolve) =>
      execFile(
        process.execPath,
        ['--import', join(dir.path, 'recorder.mjs'), main, ...argv],
        { cwd: dir.path, env: { LOADED: loaded } },
        () => resolve(),
      ),
    );
    const urls = (await readFile(loaded, 'utf8')).split('\n');
    const package_ = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
    const part = /^(libs\/[^/]+|cli|services)\//;
    return new Set(
      urls.flatMap(
        (url) => package_.exec(url)?.[1] ?? part.exec(url.replace(repository, ''))?.[1] ?? [],
      ),
    );
  };

  it('are only those of commander for --help', async () => {
    expect([...(await loadedBy('--help'))]).to.have.members([
      'cli',
      'commander',
      'libs/clock',
      'libs/random',
    ]);
  });

  it('do not include sharp before a render ends', async () => {
    const loaded = await loadedBy('render', 'missing.blend');
    expect(loaded).to.include.keys('@grpc/grpc-js').and.not.to.include.keys('sharp');
  });

  it('include no store, pictures, logs, tokens or schemas for status', async () => {
    const loaded = await loadedBy('status', '--context', 'context.json');
    expect(loaded).to.include.keys('@grpc/grpc-js', 'libs/programs');
    for (const name of [
      'mongodb',
      'sharp',
      'pino',
      'pino-pretty',
      'jose',
      'zod',
      '@grpc/proto-loader',
      'libs/embedded',
    ]) {
      expect(loaded, name).not.to.include.keys(name);
    }
  });
});

describe('the table of commands', () => {
  const names = [...aboutTheMesh, render, listWorkloads, ...aboutWorkloads, ...forOperators].map(
    ({ name }) => name,
  );

  it('shows in the help what the loaded commands show of themselves', async () => {
    const { cli } = testCli();
    const [without, all] = await Promise.all([createProgram(cli, []), createProgram(cli, names)]);
    expect(without.command.helpInformation()).to.equal(all.command.helpInformation());
    const [one, other] = await Promise.all([
      createProgram(cli, ['workloads']),
      createProgram(cli, names),
    ]);
    const helpOf = ({ command }: typeof one) =>
      command.commands.find((nested) => nested.name() === 'workloads')?.helpInformation();
    expect(helpOf(one)).to.equal(helpOf(other));
  });
});
