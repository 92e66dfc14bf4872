import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A defect planted on purpose, as a patch. */
export interface Mutant {
  name: string;
  file: string;
  /** `simulation`, or the specs that must fail with it. */
  caughtBy: string;
}

const ROOT = join(import.meta.dirname, '../..');
const PARTS = [
  'libs',
  'services',
  'cli',
  'test',
  'bench',
  'tools',
  'package.json',
  'tsconfig.json',
  '.mocharc.json',
  'proto',
];

/** All mutants, by name. */
export const listMutants = async (): Promise<Mutant[]> => {
  const names = (await readdir(import.meta.dirname))
    .filter((name) => name.endsWith('.patch'))
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const file = join(import.meta.dirname, name);
      const [, caughtBy = ''] = /^caught-by: (.+)$/m.exec(await readFile(file, 'utf8')) ?? [];
      return { name: basename(name, '.patch'), file, caughtBy };
    }),
  );
};

/** A copy of the tree in which mutants can be planted, one after the other. */
export interface Copy extends AsyncDisposable {
  dir: string;
  /** Rejects where it does not apply; then nothing has changed. */
  plant(mutant: Mutant): Promise<void>;
  pull(mutant: Mutant): Promise<void>;
  /** What the compiler says; empty when all is well. */
  typeCheck(): Promise<string>;
  /** Runs what must catch it. Answers whether it did, and the words of it that say so. */
  isCaught(mutant: Mutant): Promise<{ isCaught: boolean; how: string }>;
}

/** Copies the tree; programs and packages are shared with it. */
export const copyTree = async (): Promise<Copy> => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-mutants-'));
  for (const part of PARTS) {
    await cp(join(ROOT, part), join(dir, part), {
      recursive: true,
      force: false,
      errorOnExist: false,
    }).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOENT') {
        throw thrown;
      }
    });
  }
  for (const shared of ['node_modules', '.tools']) {
    await symlink(join(ROOT, shared), join(dir, shared));
  }
  const patch = (mutant: Mutant, more: string[]): Promise<unknown> =>
    run('patch', ['--strip=1', '--fuzz=0', '--silent', ...more, `--input=${mutant.file}`], {
      cwd: dir,
    });
  const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name);
  return {
    dir,
    plant: async (mutant) => {
      // In two steps: of a patch that does not apply nothing may stay.
      await patch(mutant, ['--forward', '--dry-run']);
      await patch(mutant, ['--forward']);
    },
    pull: async (mutant) => void (await patch(mutant, ['--reverse'])),
    typeCheck: async () => {
      const args = ['--noEmit', '--incremental', '--tsBuildInfoFile', join(dir, 'build.json')];
      return run(bin('tsc'), args, { cwd: dir }).then(
        () => '',
        (thrown: { stdout?: string }) => String(thrown.stdout),
      );
    },
    isCaught: async ({ caughtBy }) => {
      const isSimulation = caughtBy === 'simulation';
      const [command, args] = isSimulation
        ? [process.execPath, ['test/simulation/main.ts']]
        : [bin('mocha'), ['--bail', ...caughtBy.split(' ')]];
      const { code, output } = await told(command, args, dir);
      const [how = ''] = (isSimulation ? /^seed \d+: .*$/m : /^ +1\) .*$/m).exec(output) ?? [];
      // A run that fails without a word has found no test to run.
      return { isCaught: code !== 0 && how !== '', how: how.trim() };
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};

const told = (
  command: string,
  args: string[],
  cwd: string,
): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, SEEDS: '2000', FIRST: '1' };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => (output += data.toString()));
    }
    child.on('close', (code) => resolve({ code, output }));
  });
