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
const FOLDERS = ['libs', 'services', 'cli', 'test', 'bench', 'tools', 'proto'];
const FILES = ['package.json', 'tsconfig.json', '.mocharc.json'];

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

export type Copy = Awaited<ReturnType<typeof copyTree>>;

/** A copy of the tree in which mutants can be planted, one after the other. It shares programs and packages with the tree. */
export const copyTree = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-mutants-'));
  for (const part of [...FOLDERS, ...FILES]) {
    await cp(join(ROOT, part), join(dir, part), { recursive: true });
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
    /** Rejects where it does not apply; then nothing has changed. */
    plant: async (mutant: Mutant): Promise<void> => {
      // In two steps: of a patch that does not apply nothing may stay.
      await patch(mutant, ['--forward', '--dry-run']);
      await patch(mutant, ['--forward']);
    },
    pull: async (mutant: Mutant): Promise<void> => void (await patch(mutant, ['--reverse'])),
    /** What the compiler says; empty when all is well. */
    typeCheck: (): Promise<string> => {
      const args = ['--noEmit', '--incremental', '--tsBuildInfoFile', join(dir, 'build.json')];
      return run(bin('tsc'), args, { cwd: dir }).then(
        () => '',
        (thrown: { stdout?: string }) => String(thrown.stdout),
      );
    },
    /** Runs what must catch it. Answers whether it did, and the words of it that say so. */
    isCaught: async ({ caughtBy }: Mutant): Promise<{ isCaught: boolean; how: string }> => {
      const isSimulation = caughtBy === 'simulation';
      const [command, args] = isSimulation
        ? [process.execPath, ['test/simulation/main.ts']]
        : [bin('mocha'), ['--bail', ...caughtBy.split(' ')]];
      const { code, output } = await told(command, args, dir);
      const [how = ''] = (isSimulation ? /^seed \d+: .*$/m : /^ +1\) .*$/m).exec(output) ?? [];
      // A run that fails without a word has found no test to run.
      return { isCaught: code !== 0 && how !== '', how: how.trim() };
    },
    [Symbol.asyncDispose]: (): Promise<void> => rm(dir, { recursive: true, force: true }),
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
